from . import dossier
from . import portal
from . import sms_report
from . import statement
