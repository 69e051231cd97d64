"""Bodies outside the government's authority: which there are, and when one may be named."""

from config.reference import Reference

SPOKEN_AT_LEAST = 2.0
"""Words that speak for an outside body before it is named."""


class Outside:
    def __init__(self, reference: Reference) -> None:
        own = {code for code, agency in reference.agencies.items() if agency.accepts}
        self.bodies = {code: body for code, body in reference.out_of_authority.items() if code not in own}

    def is_spoken_of(self, strength: float) -> bool:
        """`strength` of the words that speak for one."""
        return strength >= SPOKEN_AT_LEAST
