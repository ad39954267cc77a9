"""argon2id with the least parameters there are: what is tested is not how long a hash takes."""

from argon2 import PasswordHasher

from bellrock.region.service.passwords import Passwords

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def cheap() -> Passwords:
    return Passwords(CHEAP)
