"""Texts without the names, passwords, tokens and keys that addresses hold.

Texts of libraries, what a person types in the wrong place and addresses with a mistake in them are shown too, so the patterns
rather hide too much: a name and a password before an @, whatever comes before them, and every option with a name of a secret.
Each pattern has a bound, so that a long text takes no long time. The long ones are compiled at the first text that needs them:
compiling them is slow, and most commands show no address.
"""

import re
from urllib.parse import unquote

HIDDEN = "***"
END = r"\s\"'<>"
WORD, LONG = r"[\w+.-]{0,40}", "{0,2000}"
PATHS = rf"(?:sqlite|file){WORD}"  # what follows ://HOST is a path, which may hold what it likes
# Of a text NAME:PASSWORD@ these are no password: weights as in hub:owner/name@main, a time, and a file behind the @
REVISION = r"hub:[\w.-]{1,100}/[\w.-]{1,100}@"
TIME = r"\d{1,2}:\d\d(?::\d\d)?@"
FILE = r"[\w.-]{0,200}\.(?:png|jpe?g|tiff?|bmp|webp|gif|dcm|nii|npy|npz|h5|csv|tsv|json|yaml|parquet|pth)(?![\w.@-])"
# Servers with names and passwords, also mistyped, as in `postgresql:/me:...@host`, `postgres//me:...@host`.
SERVERS = (
    r"(?:postgres\w{0,5}|pgsql|psql|mysql|mariadb|mssql|oracle|redis|mongodb|amqp|https?|ftps?|sftp|ssh|wss?|tcp|tls)"
    r"(?:\+\w{1,40})?"
)
# Greedy, so that nothing of a password that holds an @ is left over.
USERS = (
    rf"((?<![\w+.-])(?!{PATHS}:)[a-z]{WORD}://)[^{END}]{LONG}@",
    rf"((?<![\w+.-]){PATHS}://)[^/{END}]{LONG}@",
    rf"((?<![\w+.-]){SERVERS}(?:[:;]?[/\\]++|[:;](?![/\\])))(?!\*\*\*@)[^{END}]{LONG}@",
    # NAME:PASSWORD@, with or without slashes before it; in a path neither begins directly behind a slash of the path
    (
        rf"((?<![\w/\\])(?:[a-z]{WORD}:)?[/\\]{{1,3}}|(?<![\w/\\.%+-])(?!{REVISION}|{TIME}))"
        rf"[^/\\:@{END}]{{1,100}}:(?![/\\*])[^@{END}]{{1,500}}@(?!{FILE})(?=[\w\[])"
    ),
    # the same with percent signs, as an address inside an address
    rf"(%3A(?:%2F){{2}})(?:(?!%2F)[^&{END}]){{0,500}}?%40",
)
NAMES = (
    r"(?:password|passwd|passphrase|pwd|token|secret|credential|signature|api[_.-]?key|access[_.-]?key|account[_.-]?key"
    r"|private[_.-]?key|subscription[_.-]?key)"
)
SECRET_NAME = rf"{NAMES}|^(?:sig|key|pass|pw|auth|authorization|jwt|sas)\Z"
LONG_SECRET = re.compile(r"code=.{12}", re.IGNORECASE)  # codes of a login are long, those of a diagnosis are not
NAMED = rf"(?<![\w/.-])[\w.-]{{0,40}}{NAMES}[\w.-]{{0,40}}"
SECRETS = (
    rf"({NAMED}=)(?:\{{[^&{END}]*\}}|\"[^\"]*\"|'[^']*'|[^&;{END}]+)",
    rf"({NAMED}[\"']?\s{{0,9}}[:=]\s{{0,9}})(?:\"[^\"]*\"|'[^']*')",
    r"(\bauthorization[\"']?\s{0,9}[:=]\s{0,9}[\"']?)(?:(?:basic|bearer)\s+)?[^\s\"',]+",
    # In what ODBC is handed on as a whole (odbc_connect=Server%3Ddb%3BPWD%3D...), = is %3D, ; is %3B, and braces are %7B, %7D.
    r"((?:uid|pwd|password|token|secret)%3D)(?:%7B[^&\s\"']*%7D|(?:(?!%3B)[^&;\s\"'])+)",
)
WORTH = re.compile(r"pass|pwd|uid|token|secret|credential|signature|key|authorization", re.IGNORECASE)  # a name of SECRETS
OPTION = re.compile(rf"(?<=[?&;])([^=&;?{END}]{{1,100}})=([^&;{END}]+)")


def shown(text: str) -> str:
    """An address, or a text that contains addresses, without user, password, token and key."""
    if "@" in text or "%40" in text:
        for pattern in USERS:
            text = re.sub(pattern, rf"\1{HIDDEN}@", text, flags=re.IGNORECASE)
    if WORTH.search(text) is not None:
        for pattern in SECRETS:
            text = re.sub(pattern, rf"\1{HIDDEN}", text, flags=re.IGNORECASE)
    return OPTION.sub(_option, text)


def _option(match: re.Match[str]) -> str:
    """One option of an address; its name may be written with percent signs."""
    secret = re.search(SECRET_NAME, unquote(match[1]), re.IGNORECASE) or LONG_SECRET.match(f"{unquote(match[1])}={match[2]}")
    return f"{match[1]}={HIDDEN}" if secret else match[0]
