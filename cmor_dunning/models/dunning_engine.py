import logging

import psycopg2

from odoo import api, models

_logger = logging.getLogger(__name__)


class DunningEngine(models.AbstractModel):
    """When a case is looked at, a switched-out supply becomes a CMOR candidate."""

    _inherit = "dunning.engine"

    @api.model
    def _process_together(self, cases, today, run):
        # EXTENDS creditbox_dunning
        counts = super()._process_together(cases, today, run)
        try:
            with self.env.cr.savepoint():
                cases.sudo()._open_cmor_practices(today)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            raise
        except Exception:
            # dunning goes on: the nightly search of the CMOR app finds them as well
            _logger.warning("CMOR candidates of cases left out", exc_info=True)
            self.env.invalidate_all(flush=False)
        return counts
