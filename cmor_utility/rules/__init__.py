"""The trade's rules of the Sistema Indennitario: pure Python, no Odoo.

Every number of the law comes in as an argument (see ``terms.py``); every date is
injected. A test proves that nothing here imports ``odoo``.
"""
