from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date, format_datetime

from ..rules import legal, prescription

REMINDER = "creditbox_dunning.mail_activity_type_court_term"
# which act against prescription a step is, once it is proved
ACTS = {
    legal.INJUNCTION: prescription.LAWSUIT,
    legal.CLAIM: prescription.LAWSUIT,
    legal.PRECEPT: prescription.PRECEPT,
}


class DunningLegalStep(models.Model):
    """What follows from a step: outcome, reminder, act, documents that are kept."""

    _inherit = "dunning.legal.step"

    def _tell_action(self):
        """Record the outcome on the action of the table: the one door."""
        if self.kind not in legal.OUTCOMES:
            return
        action = self.file_id.action_id
        action._check_takes_outcome()
        action._record_outcome(
            self.kind, self.date, note=self.note or "", court_number=self.number or ""
        )

    def _tell_again(self, day, number=""):
        """An outcome told of this step once more: its number, or its right day."""
        self.ensure_one()
        if number and not self.number:
            self.number = number
        if day != self.date:
            again = self.env._("The outcome was recorded again.")
            self._correct({"date": day}, again)

    def _correct(self, vals, reason):
        """Write what is right in the place of what was told, and follow it up anew.

        Old and new stay in the history of the file with who, when and why; so do the
        reminders of the old terms and the act of the old day, done and taken back.
        """
        self.ensure_one()
        step, file = self.sudo(), self.file_id.sudo()
        told = {name: value or False for name, value in vals.items()}
        wrong = {k: v for k, v in told.items() if (step[k] or False) != v}
        if not reason.strip():
            raise UserError(self.env._("Say why it is corrected."))
        if not wrong:
            raise UserError(self.env._("Nothing of the step would change."))
        if "date" in wrong and not wrong["date"]:
            raise UserError(self.env._("Say on which day it happened."))
        misfits = {one: one._misfit() for one in file.step_ids}
        before = {name: step._shown(name) for name in wrong}
        if "date" in wrong:
            step._move_action(wrong["date"])
        step.write(wrong)
        step._check_dates()
        if not {"result", "result_on"}.isdisjoint(wrong):
            step._check_decided()
        step._check_still_fit(misfits)
        labels = self.fields_get([*wrong, "kind"], ["string", "selection"])
        kind = dict(labels["kind"]["selection"])[step.kind]
        lines = [
            self.env._(
                "%(step)s: %(field)s corrected from %(old)s to %(new)s.",
                step=kind,
                field=labels[name]["string"],
                old=before[name],
                new=step._shown(name),
            )
            for name in wrong
        ]
        file.message_post(
            body=Markup("<br/>").join([*lines, reason]),
            author_id=self.env.user.partner_id.id,
        )
        file._sync_reminders(
            again=True, why=self.env._("The term was reckoned anew: a day was wrong.")
        )
        step._follow()

    def _move_action(self, day):
        """The step that ended the file ended its action too: both on the right day."""
        file, action = self.file_id, self.file_id.action_id
        if self.kind not in legal.ENDS or action.outcome != self.kind:
            return
        names = ("executed_date", "effective_date")
        moved = {name: day for name in names if action[name] == self.date}
        if moved:
            action._guarded().write(moved)
        if file.ended_on == self.date:
            file._guarded().write({"ended_on": day})

    def _check_still_fit(self, misfits):
        """Raise UserError when a step does not fit any more; ``misfits``: before."""
        for one in self.file_id.step_ids:
            code = one._misfit()
            if code and code != misfits[one]:
                labels = dict(self._fields["kind"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "%(step)s of %(day)s would not fit any more. %(why)s",
                        step=labels[one.kind],
                        day=format_date(self.env, one.date),
                        why=one._misfit_text(code),
                    )
                )

    def _shown(self, name):
        """The value of a field as the history shows it."""
        field, value = self._fields[name], self[name]
        if not value:
            return self.env._("(nothing)")
        if field.type == "date":
            return format_date(self.env, value)
        if field.type == "datetime":
            return format_datetime(self.env, value, tz="Europe/Rome")
        if field.type == "selection":
            return dict(field._description_selection(self.env))[value]
        return value

    def _follow(self):
        """Reminders of the terms, and the act that interrupts prescription."""
        self.file_id._sync_reminders()
        for step in self:
            step._interrupt()

    def _interrupt(self):
        """The act against prescription, once day and document are there; what comes
        later is added to it."""
        kind = ACTS.get(self.kind)
        day = self.date if self.kind == legal.CLAIM else self.notified_date
        step = self.sudo()
        act = step.act_id
        if act and act.state == "valid" and act.date != day:
            act._take_back(self.env._("The day was corrected."))
            act = act.browse()
            step._guarded().write({"act_id": False})
        if not kind or not day or not step.attachment_ids:
            return
        if not act:
            act = act.create(
                {
                    "company_id": self.company_id.id,
                    "case_id": step.file_id.case_id.id,
                    "kind": kind,
                    "date": day,
                    "until": self.final_on,
                    "move_ids": [fields.Command.set(step.item_ids.move_id.ids)],
                    "attachment_ids": [fields.Command.set(step.attachment_ids.ids)],
                    "note": step.file_id.name,
                }
            )
            step._guarded().write({"act_id": act.id})
        elif act.state == "valid":
            more = step.attachment_ids - act.attachment_ids
            vals = {"attachment_ids": [fields.Command.link(one.id) for one in more]}
            if act.until != self.final_on:
                vals["until"] = self.final_on
            if more or "until" in vals:
                act.write(vals)

    def _take_documents(self, before=None):
        """Documents stay with the step: added by who may read them, never removed."""
        papers = self.sudo().attachment_ids
        before = papers.browse() if before is None else before
        if before - papers and not self.env.su:
            raise UserError(self.env._("A document of the court is not removed."))
        new = self.env["ir.attachment"].browse((papers - before).ids)
        new.check_access("read")
        # uploaded on the form: readable by its author only, until it belongs somewhere
        loose = self.sudo()._guarded().env["ir.attachment"].browse(new.ids)
        loose = loose.filtered(lambda one: not one.res_id and not one.res_field)
        if loose:
            loose.write({"res_model": self._name, "res_id": self.id})


class DunningLegalFile(models.Model):
    """The reminders of a file are those of the terms that nothing answered."""

    _inherit = "dunning.legal.file"

    def _sync_reminders(self, again=False, why=None):
        """One activity for each open term; what a later step answered is done.

        :param again: also those that somebody set to done already
        :param why: what is said of those that are done, when no step answered them
        """
        kind = self.env.ref(REMINDER)
        today = fields.Date.context_today(self)
        for file in self.sudo():
            steps = file._open_steps()
            open_days = {step.deadline: step for step in steps}
            known = file.with_context(active_test=False).activity_ids.filtered(
                lambda one: one.activity_type_id == kind
            )
            mine = known.filtered("active")
            answered = mine.filtered(
                lambda one, days=open_days: one.date_deadline not in days
            )
            if answered:
                answered.action_feedback(
                    feedback=why or self.env._("Answered by what was recorded.")
                )
            file._remind(mine - answered, mine if again else known, open_days, today)

    def _remind(self, mine, known, open_days, today):
        user = self.user_id or self.env.user
        if self.user_id:
            mine.filtered(lambda one: one.user_id != user).write({"user_id": user.id})
        words = self.with_context(lang=user.lang or self.env.lang)
        field = words.env["dunning.legal.step"]._fields["due"]
        labels = dict(field._description_selection(words.env))
        done = {(one.date_deadline, one.summary) for one in known}
        for day, step in open_days.items():
            is_past = step.due == legal.APPEAR and day < today
            if not is_past and (day, labels[step.due]) not in done:
                words.activity_schedule(
                    REMINDER,
                    date_deadline=day,
                    summary=labels[step.due],
                    user_id=user.id,
                )


class DunningPrescriptionAct(models.Model):
    _inherit = "dunning.prescription.act"

    legal_step_ids = fields.One2many(
        "dunning.legal.step", "act_id", string="Steps before the court"
    )

    def write(self, vals):
        # EXTENDS: of an act of the court the step says when it is final
        if "until" in vals and not self.env.su and self.sudo().legal_step_ids:
            file = self.sudo().legal_step_ids.file_id[:1]
            raise UserError(
                self.env._(
                    "Write the day on which it became final on the step of legal file"
                    " %(file)s: it arrives here by itself.",
                    file=file.name,
                )
            )
        return super().write(vals)
