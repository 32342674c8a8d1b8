"""docs/api.md is true: its tables are those of the code, its example client works."""

import io
import json
import os
import re
import subprocess
import sys
import urllib.error
from datetime import datetime, timedelta
from pathlib import Path
from unittest import mock

from odoo.tests import BaseCase, HttpCase, tagged

from odoo.addons.utility_supply.formats.datasets import DATASETS
from odoo.addons.utility_supply.formats.messages import CELL_MESSAGES, ROW_MESSAGES
from odoo.addons.utility_supply.models import import_ingest
from odoo.addons.utility_supply.models.import_message import LOADER_MESSAGES
from odoo.addons.utility_supply.tests.common import UtilityCommon

DOC = Path(__file__).parents[1] / "docs" / "api.md"
# of the codes about whole rows, those that a row without a file can have
FEED_ROW_CODES = ("duplicate_key", "totals_row")
# said of a file or of its control totals: in a feed they are the message of `refused`
FILE_CODES = {
    "no_profile",
    "several_profiles",
    "no_rows",
    "control_count",
    "control_amount",
    "control_unreadable",
    "sibling_refused",
}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
INGEST = "/json/2/utility.import.batch/ingest"


def field_type(field):
    """What a client sends for a field, in a few words."""
    if field.type == "text":
        return f"text {field.max_length}" if field.max_length else "text"
    if field.type in ("code", "codes"):
        words = " \\| ".join(field.accepted)
        return f"code: {words}" if field.type == "code" else f"codes: {words}"
    return {
        "decimal": f"number, {field.decimals} decimals",
        "percent": "number, 22 for 22 %",
        "int": "whole number",
        "date": "date",
        "moment": "date and time, Italian",
        "bool": "true or false",
        "texts": 'texts, divided by "\\|"',
        "instalments": "instalments",
    }[field.type]


def field_table(spec):
    """The fields of a dataset as the Markdown table of the document."""
    lines = ["| field | heading | type |", "|---|---|---|"]
    for field in spec.fields:
        name = f"`{field.name}`"
        name = f"**{name}**" if field.name in spec.row_key else name
        star = "\\*" if field.required else ""
        lines.append(f"| {name}{star} | {field.heading} | {field_type(field)} |")
    return "\n".join(lines)


def code_table():
    """The codes of `errors` and what they say, as the table of the document."""
    texts = {code: ROW_MESSAGES[code] for code in FEED_ROW_CODES}
    texts |= CELL_MESSAGES
    texts |= {
        code: text._source
        for code, text in LOADER_MESSAGES.items()
        if code not in FILE_CODES
    }
    lines = ["| code | says |", "|---|---|"]
    for code, text in sorted(texts.items()):
        shown = PLACEHOLDER.sub(r"‹\1›", text).replace("%%", "%").replace("|", "\\|")
        lines.append(f"| `{code}` | {shown} |")
    return "\n".join(lines)


def tables():
    """{name of the block in the document: what has to stand there}."""
    blocks = {spec.name: field_table(spec) for spec in DATASETS.values()}
    return {**blocks, "codes": code_table()}


def block(name):
    """The text between the marks ``<!-- name -->`` and ``<!-- /name -->``."""
    text = DOC.read_text()
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"\n<!-- /{name} -->")[0]


def client():
    """The example client: the only Python block of the document."""
    (code,) = re.findall(
        r"^```python\n(.*?)^```$", DOC.read_text(), re.MULTILINE | re.DOTALL
    )
    return code


@tagged("standard", "post_install", "-at_install")
class TestApiTables(BaseCase):
    def test_tables_are_those_of_the_code(self):
        for name, wanted in tables().items():
            with self.subTest(table=name):
                self.assertEqual(block(name), wanted, f"\n{wanted}\n")

    def test_limits_are_those_of_the_code(self):
        text = DOC.read_text()
        self.assertIn(f"1 to {import_ingest.MAX_ROWS:,}", text)
        self.assertIn(f"at most {import_ingest.MAX_KEY_LENGTH} characters", text)

    def test_client_is_short_and_needs_nothing(self):
        lines = [line for line in client().splitlines() if line.strip()]
        self.assertLessEqual(len(lines), 42)
        for name in re.findall(r"^import (.*)$", client(), re.MULTILINE)[0].split(", "):
            self.assertIn(name.partition(".")[0], sys.stdlib_module_names)

    def test_client_repeats_the_very_same_call(self):
        """After 5xx or a lost connection: same body. After 4xx: never."""
        answer = mock.MagicMock()
        answer.__enter__.return_value = io.BytesIO(b'{"state": "done"}')
        busy = urllib.error.HTTPError(INGEST, 503, "busy", {}, None)
        wrong = urllib.error.HTTPError(
            INGEST, 422, "", {}, io.BytesIO(b'{"message": 1}')
        )
        self.addCleanup(busy.close)
        self.addCleanup(wrong.close)
        names = {}
        functions = client().partition("\nCUSTOMERS")[0]
        with (
            mock.patch.dict(os.environ, ODOO_URL="http://x", ODOO_API_KEY="k"),
            mock.patch("time.sleep") as sleep,
            mock.patch("urllib.request.urlopen") as urlopen,
            mock.patch("sys.stderr"),
        ):
            exec(functions, names)  # noqa: S102 the document's own code
            urlopen.side_effect = [urllib.error.URLError("cut"), busy, answer]
            self.assertEqual(names["ingest"]("bills", [{}], "k"), {"state": "done"})
            bodies = {call.args[0].data for call in urlopen.call_args_list}
            self.assertEqual((urlopen.call_count, len(bodies)), (3, 1))
            self.assertEqual([call.args[0] for call in sleep.call_args_list], [2, 4])
            urlopen.side_effect = [wrong]
            with self.assertRaisesRegex(SystemExit, "^422 1$"):
                names["ingest"]("bills", [{}], "k")
            urlopen.side_effect = urllib.error.URLError("cut")
            with self.assertRaisesRegex(SystemExit, "given up after 6"):
                names["ingest"]("bills", [{}], "k")


@tagged("standard", "post_install", "-at_install")
class TestApiClient(UtilityCommon, HttpCase):
    """The client as a program outside of Odoo, with the key of an ordinary user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._create_user("billing_robot", "group_utility_user")
        keys = cls.env["res.users.apikeys"].with_user(cls.user).sudo()
        tomorrow = datetime.now() + timedelta(days=1)  # noqa: DTZ005
        cls.key = keys._generate("rpc", "billing", tomorrow)

    def run_client(self, key=None):
        """Run the example in a process of its own."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONIOENCODING": "utf-8",
            "ODOO_URL": self.base_url(),
            "ODOO_DB": self.env.cr.dbname,
            "ODOO_API_KEY": key or self.key,
        }
        with self.allow_requests(all_requests=True):
            return subprocess.run(
                [sys.executable, "-I", "-c", client()],
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )

    def answers(self, done):
        """{dataset: answer} that the client printed."""
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {}
        for line in done.stdout.splitlines():
            found.update(json.loads(line))
        return found

    def call(self, key=None, path=INGEST, **body):
        response = self.url_open(
            path,
            json=body,
            headers={
                "Authorization": f"Bearer {key or self.key}",
                "X-Odoo-Database": self.env.cr.dbname,
            },
        )
        return response.status_code, response.json()

    def counts(self):
        names = ("res.partner", "utility.contract", "account.move")
        names += ("utility.import.batch", "utility.import.row")
        return [self.env[name].search_count([]) for name in names]

    def test_example_client(self):
        self.assertFalse(self.user.has_group("base.group_system"))
        found = self.answers(self.run_client())
        self.assertEqual(list(found), ["customers", "contracts", "bills"])
        self.assertEqual(found["customers"]["applied"], 1, found)
        self.assertEqual(found["contracts"]["applied"], 1, found)
        bills = found["bills"]
        self.assertEqual(
            [bills[k] for k in ("state", "received", "applied", "quarantined")],
            ["partial", 2, 1, 1],
        )
        (error,) = bills["errors"]
        self.assertEqual((error["row"], error["code"]), (2, "unknown_contract"))
        self.env.invalidate_all()
        waiting = self.env["utility.import.row"].search(
            [("batch_id", "=", bills["batch_id"])]
        )
        self.assertEqual(waiting.mapped("state"), ["open"])
        posted = self.env["account.move"].search([("billing_ref", "like", "API-F")])
        self.assertRecordValues(
            posted,
            [{"billing_ref": "API-F1", "state": "posted", "amount_total": 84.5}],
        )
        self.assertEqual(posted.company_id, self.company)
        self.assertEqual(posted.create_uid, self.user)
        before = self.counts()
        self.assertEqual(self.answers(self.run_client()), found, "the same answers")
        self.assertEqual(self.counts(), before, "nothing doubled")

    def test_wrong_key(self):
        before = self.counts()
        done = self.run_client("0" * 40)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "^401 ")
        self.assertEqual(self.counts(), before)

    def test_statuses(self):
        """Each line of the document's table of HTTP codes, as Odoo really answers."""
        row = {"billing_code": "A1", "name": "A", "legal_form": "Impresa"}
        good = {"profile_ref": "customers", "rows": [row]}
        other = self.other_company.id
        cases = (
            (403, "AccessError", {**good, "company": other}),
            (422, "ValidationError", {**good, "profile_ref": "nowhere"}),
            (422, "ValidationError", {**good, "rows": []}),
            (422, "ValidationError", {**good, "rows": [{**row, "x": 1}]}),
            (422, "ValidationError", {**good, "rows": [{**row, "name": {}}]}),
            (422, "UnprocessableEntity", {"rows": [row]}),
            (422, "UnprocessableEntity", {**good, "idempotency": "k"}),
        )
        for status, name, body in cases:
            with self.subTest(body=body):
                found, answer = self.call(**body)
                self.assertEqual((found, answer["name"].split(".")[-1]), (status, name))
                self.assertTrue(answer["message"])
        self.assertEqual(self.call(key="x" * 40, **good)[0], 401)
        for method, status in (("_receive", 403), ("no_such_method", 404)):
            path = INGEST.replace("ingest", method)
            self.assertEqual(self.call(path=path, **good)[0], status)
        self.assertFalse(
            self.env["utility.import.batch"].search([("is_feed", "=", True)])
        )

    def test_statuses_of_the_request(self):
        headers = {"Authorization": f"Bearer {self.key}"}
        headers["Content-Type"] = "application/json"
        response = self.url_open(INGEST, data=b"{not json", headers=headers)
        self.assertEqual(response.status_code, 400)
        del headers["Authorization"]
        response = self.url_open(INGEST, data=b"{}", headers=headers)
        self.assertEqual(response.status_code, 401)

    def test_user_without_rights(self):
        stranger = self._create_user("stranger_robot", "base.group_user")
        keys = self.env["res.users.apikeys"].with_user(stranger).sudo()
        key = keys._generate("rpc", "x", datetime.now() + timedelta(days=1))  # noqa: DTZ005
        row = {"billing_code": "A1", "name": "A", "legal_form": "Impresa"}
        status, answer = self.call(key, profile_ref="customers", rows=[row])
        self.assertEqual((status, answer["name"].split(".")[-1]), (403, "AccessError"))
