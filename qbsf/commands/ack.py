"""`qbsf ack`: what will stay as it is no longer waits for a person, until its facts change."""

from collections.abc import Sequence

from qbsf.commands.context import Context
from qbsf.errors import UsageError
from qbsf.naming import named, opportunity_id
from qbsf.output import words
from qbsf.output.console import write_lines
from qbsf.output.plain import named as titled
from qbsf.output.text import one_line
from qbsf.report import Record
from qbsf.state.acknowledge import Waiting, acknowledge
from qbsf.state.store import open_state, read_state


def ack(context: Context, target: str, note: str) -> int:
    """Acknowledge the one thing that `target` names. 0. Raises UsageError (nothing, or several), ConfigError, Busy."""
    paths = context.paths(context.config())
    paths.check()
    known = read_state(paths.state)
    if known is None:
        raise _nothing(target)
    known.close()
    state = open_state(paths.state, context.clock.now())
    try:
        chosen = acknowledge(state, lambda waiting: the_one(target, waiting), one_line(note))
    finally:
        state.close()
    if not context.voice.quiet:
        again = " (it was already)" if chosen.acknowledged else ""
        write_lines(
            [
                f"Acknowledged{again}: {_told(chosen.record)}.",
                "It is listed again when its facts change; qbsf status --all shows it until then.",
            ],
            context.voice.stdout,
        )
    return 0


def the_one(target: str, waiting: Sequence[Waiting]) -> Waiting:
    """What of all that waits is meant. What is acknowledged already only counts where nothing else is meant."""
    found = named(target, waiting, lambda item: item.record)
    found = [item for item in found if not item.acknowledged] or found
    if opportunity_id(target.strip()) is not None:
        # Its own matter goes before those of single invoices, which their numbers name.
        found = [item for item in found if not item.of_one_invoice] or found
    if not found:
        raise _nothing(target)
    if len(found) > 1:
        listed = "; ".join(_told(item.record) for item in found)
        raise UsageError(
            f'"{one_line(target)}" names {len(found)} things that wait for a person: {listed}.',
            "Name one by its Opportunity id, or by an invoice number that only it has.",
        )
    return found[0]


def _told(record: Record) -> str:
    numbers = ", ".join(one_line(invoice.number or f"id:{invoice.id}") for invoice in record.invoices)
    of = f", invoice {numbers}" if numbers and record.opportunity_id is not None else ""
    return f"{titled(record)}{of}: {words.label(one_line(record.reason))}"


def _nothing(target: str) -> UsageError:
    return UsageError(f'Nothing named "{one_line(target)}" waits for a person.', "qbsf status lists what does.")
