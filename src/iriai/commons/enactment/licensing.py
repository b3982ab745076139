"""A card with another licence. Pure."""

from iriai.cards import rules as cards


def relicensed(text: str, licence: str) -> str:
    """A card with another licence; everything else in it stays as it is. Pure."""
    front, body = cards.split(text)
    line = f"license: {licence}"
    if front is None:
        return f"---\n{line}\n---\n{text}"
    lines: list[str] = []
    inside = replaced = False
    for each in front.splitlines():
        if each.startswith("license:"):
            lines, inside, replaced = [*lines, line], True, True
        elif inside and each.startswith((" ", "-")):
            continue  # the rest of a list of licences
        elif not each.startswith(("license_name:", "license_link:")):
            lines, inside = [*lines, each], False
    if not replaced:
        lines.append(line)
    return "---\n" + "\n".join(lines) + "\n---\n" + body
