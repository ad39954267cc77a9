"""Which moment of the region an answer is of: of two that are equal, it says the same but for ages."""

from collections.abc import Callable

from bellrock.region.service.inference import Inference
from bellrock.region.service.places import Registrar
from bellrock.region.service.publish import Publisher, Topic
from bellrock.region.service.views import Views

Moment = tuple[object, ...]
"""Moments of two processes have nothing to do with each other, nor have those before and after a restart."""


class Moments:
    """Tells the present one, by what answers are made of."""

    def __init__(
        self, view: Callable[[], Views], inference: Inference, publisher: Publisher, registrar: Registrar
    ) -> None:
        """`view`: what is known now, as it would be rendered."""
        self._view = view
        self._inference = inference
        self._publisher = publisher
        self._registrar = registrar

    def claims(self) -> Moment:
        """Of what is claimed, and of hosts' names; not of what speaks for it, but for which evidence that is."""
        self._inference.advanced()
        return self._inference.revision, self._view().names

    def told(self) -> Moment:
        """Of this, of all that agents told of interfaces and of each other, of whose word counts, and of registrations."""
        said = self._publisher.turns
        return *self.claims(), said[Topic.TOPOLOGY], said[Topic.INTERFACES], self._registrar.turn
