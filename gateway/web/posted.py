"""What a form of ours brought: fields and files, cleaned, read once and within limits."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from channels.messages import RawRequest, clean_text
from channels.web_form.form import UploadedFile, read_form

MAX_FIELDS = 300
FORM_URLENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Posted:
    """`fields`: every value of every name, in order (check boxes share a name)."""

    fields: Mapping[str, tuple[str, ...]]
    files: tuple[UploadedFile, ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """The last value of a field, without the spaces around it."""
        return self.fields[name][-1].strip() if name in self.fields else default

    def all(self, name: str) -> tuple[str, ...]:
        return self.fields.get(name, ())

    def has(self, name: str) -> bool:
        """Whether a box was ticked or a field filled in."""
        return bool(self.get(name))

    def values(self) -> dict[str, str]:
        """One value per name, to fill a refused form again or to hand inputs to casework; our own `_…` left out."""
        return {name: self.get(name) for name in self.fields if not name.startswith("_")}


def read_posted(content_type: str, body: bytes) -> Posted:
    """Fields and files of a body; one that is no form has none of either."""
    if content_type.partition(";")[0].strip().lower() == FORM_URLENCODED:
        return Posted(_fields(body))
    form = read_form(RawRequest("POST", headers={"content-type": content_type}, body=body))
    return Posted({name: (value,) for name, value in form.values.items()}, form.files)


def _fields(body: bytes) -> dict[str, tuple[str, ...]]:
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return {}
    found = defaultdict(list)
    for name, value in pairs:
        found[name].append(clean_text(value))
    return {name: tuple(values) for name, values in found.items()}
