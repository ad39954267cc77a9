"""What there is to measure of several processes beside each other."""

from bellrock.wire.exposition import Metric, gauge


def figures(*, members: int, epoch: int, cut_off: bool, waiting: int, ahead: float, ready: bool) -> list[Metric]:
    """As one member sees them; `waiting`: words to others that are not written yet; `ahead`: its clock of the database's, in seconds; `ready`: to lead."""
    return [
        gauge("bellrock_members", "Processes of the region that are there, this one among them.", members),
        gauge("bellrock_member_epoch", "How often the lead was taken, by any of them, since the first.", epoch),
        gauge("bellrock_member_cut_off", "1 while this process does not reach the database.", cut_off),
        gauge("bellrock_member_words_waiting", "Words to other processes that are not written yet.", waiting),
        gauge(
            "bellrock_member_clock_ahead_seconds",
            "By how much the clock of this process's machine is ahead of the database's; negative where it is behind.",
            ahead,
        ),
        gauge("bellrock_member_ready_to_lead", "1 while this process leads, or could at once.", ready),
    ]
