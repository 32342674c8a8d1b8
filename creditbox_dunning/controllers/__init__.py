from . import dossier
from . import portal
from . import portal_payment
from . import sms_report
from . import statement
