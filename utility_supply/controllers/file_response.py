from odoo.http import content_disposition, request


def file_response(data, filename, kind):
    """A file to be saved: never shown, never guessed at by the browser."""
    return request.make_response(
        data,
        [
            ("Content-Type", kind),
            ("Content-Disposition", content_disposition(filename)),
            ("X-Content-Type-Options", "nosniff"),
        ],
    )
