from . import dossier
from . import sms_report
