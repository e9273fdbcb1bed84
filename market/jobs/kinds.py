"""Which kinds of background work there are, and what is swept now and then."""

from market.jobs import import_jobs, print_jobs
from market.jobs.worker import Sweeper, Work
from market.services import account_switches, import_files, imports, printing

KINDS: dict[str, Work] = {
    imports.PREVIEW_JOB: import_jobs.preview,
    imports.APPLY_JOB: import_jobs.apply,
    imports.UNDO_JOB: import_jobs.undo,
    printing.PRINT_JOB: print_jobs.print_run,
}
SWEEPERS: tuple[Sweeper, ...] = (account_switches.sweep, import_files.purge)
