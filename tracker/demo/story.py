"""The story of the sample sessions: six weeks of one developer on three projects.

Every name, path and sentence is invented. A `Step` is one prompt and, briefly, the agent's work on it;
`tracker.demo.samples` turns it into calls and tool uses.
"""

from typing import NamedTuple


class Step(NamedTuple):
    """A prompt and the work it causes: `edits`, `reads` and `runs` are tool uses."""

    prompt: str
    reads: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    agent: str | None = None  # a subagent's description
    pause_minutes: float = 2.0  # before the prompt
    interrupted: bool = False
    compacts: bool = False  # /compact comes before the prompt


class Sitting(NamedTuple):
    """One session."""

    project: str
    branch: str
    model: str
    day: int  # days before today
    hour: float
    title: str
    steps: tuple[Step, ...]
    x: str = ""  # replaces {x} in the steps
    baseline: int = 24_000


API, WEB, INFRA = "/home/dev/orders-api", "/home/dev/storefront", "/home/dev/platform"
OPUS, SONNET, HAIKU, FABLE = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-2"

_FLAKY = (
    Step(
        "the {x} test fails about one run in five on CI, find out why and fix it",
        reads=("tests/test_{x}.py", "orders/{x}.py", "orders/storage.py", "conftest.py"),
        runs=("pytest tests/test_{x}.py -q",),
    ),
    Step(
        "good find. make the retry wait use the fake clock instead of sleeping",
        reads=("orders/clock.py",),
        edits=("orders/{x}.py", "tests/test_{x}.py"),
        runs=("pytest tests/test_{x}.py -q --count 50",),
    ),
    Step("also run the whole suite", runs=("pytest -q",), pause_minutes=6),
    Step("commit it", runs=("git add -A && git commit -m 'Make {x} retries use the injected clock'",)),
)
# On the main branch again, with the same files: only the user can say whether it continues the previous session.
_STILL_FLAKY = (Step("the {x} test fails again, about one run in forty. find out why", *_FLAKY[0][1:]), *_FLAKY[1:])
_EXPORT = (
    Step(
        "add a CSV export to the {x} report: same columns as the page, streamed, with a test",
        reads=("orders/reports/{x}.py", "orders/reports/views.py", "tests/test_reports.py", "docs/reports.md"),
        edits=("orders/reports/export.py", "orders/reports/views.py", "orders/urls.py", "tests/test_export.py"),
        runs=("pytest tests/test_export.py -q", "ruff check orders"),
    ),
    Step(
        "amounts must have two decimals and a dot, whatever the locale",
        edits=("orders/reports/export.py", "tests/test_export.py"),
        runs=("pytest tests/test_export.py -q",),
    ),
    Step("how do other exports in this code base name their files?", agent="find export naming", pause_minutes=4),
    Step("use that pattern", edits=("orders/reports/export.py",), runs=("pytest -q", "mypy orders")),
    Step(
        "commit and open a pull request",
        runs=("git commit -am 'Export the {x} report as CSV'", "git push -u origin csv-export", "gh pr create --fill"),
    ),
)
_SLOW_BUILD = (
    Step(
        "why is the production build slow? measure first, change nothing",
        reads=("vite.config.ts", "package.json", "src/main.ts"),
        runs=("npm run build -- --profile", "du -sh node_modules/*"),
        agent="profile the build",
    ),
    Step("what would the biggest single win be?", pause_minutes=3),
)
_GATEWAY = (
    Step(
        "move token checking from the services into the gateway, start with orders",
        reads=("gateway/main.go", "gateway/auth.go", "orders/middleware.py", "docs/auth.md", "deploy/gateway.yaml"),
        edits=("gateway/auth.go", "gateway/auth_test.go"),
        runs=("go test ./gateway/...",),
    ),
    Step(
        "the key rotation has to keep working while both are live",
        reads=("gateway/keys.go", "deploy/rotate.sh"),
        edits=("gateway/keys.go", "gateway/auth.go", "gateway/keys_test.go"),
        runs=("go test ./gateway/...", "go vet ./..."),
        agent="list callers of the old check",
    ),
    Step(
        "now the storefront: it sends the token in a cookie",
        reads=("gateway/cookies.go", "src/api/client.ts"),
        edits=("gateway/auth.go", "src/api/client.ts"),
        runs=("go test ./gateway/...",),
        pause_minutes=48,
    ),
    Step(
        "stop, this breaks the mobile app. put it back", edits=("src/api/client.ts",), interrupted=True, pause_minutes=1
    ),
    Step("leave it for today, write down where we are", edits=("docs/auth.md",), pause_minutes=75),
)
_CART = (
    Step(
        "the {x} total is wrong by a cent when a voucher is applied twice, order 20817 shows it",
        reads=("src/{x}/total.ts", "src/{x}/voucher.ts", "src/{x}/total.test.ts"),
        runs=("npm run test -- {x}",),
    ),
    Step(
        "round once at the end, not per line",
        edits=("src/{x}/total.ts", "src/{x}/total.test.ts"),
        runs=("npm run test -- {x}", "npm run lint"),
    ),
    Step("commit", runs=("git commit -am 'Round the {x} total once'",)),
    Step(
        "next: show the voucher's name in the summary",
        reads=("src/{x}/Summary.svelte",),
        edits=("src/{x}/Summary.svelte", "src/{x}/summary.css"),
        runs=("npm run test -- {x}",),
        pause_minutes=19,
    ),
    Step("looks good, commit that too", runs=("git commit -am 'Name the voucher in the summary'",), pause_minutes=4),
)
_ALERTS = (
    Step(
        "the {x} alert fires at night during backups, make it ignore them",
        reads=("alerts/{x}.yaml", "alerts/README.md"),
        edits=("alerts/{x}.yaml",),
        runs=("make check",),
    ),
    Step("commit", runs=("git commit -am 'Leave backups out of the {x} alert'",)),
)
_MIGRATION = (
    Step(
        "plan the move of {x} events to the new table, no code yet",
        reads=("orders/events.py", "orders/models.py", "migrations/0042.py", "docs/events.md"),
        agent="find readers of the events table",
    ),
    Step(
        "do step one: write both tables, behind a switch",
        edits=("orders/events.py", "orders/settings.py", "migrations/0043.py", "tests/test_events.py"),
        runs=("pytest tests/test_events.py -q", "pytest -q"),
        pause_minutes=7,
    ),
    Step("the switch should default to off in tests", edits=("orders/settings.py",), runs=("pytest -q",)),
    Step("commit step one", runs=("git commit -am 'Write {x} events to both tables'",)),
    Step(
        "step two, the backfill. chunks of a thousand, resumable",
        reads=("orders/jobs.py",),
        edits=("orders/jobs.py", "orders/backfill.py", "tests/test_backfill.py"),
        runs=("pytest tests/test_backfill.py -q",),
        pause_minutes=12,
    ),
    Step(
        "a killed job starts from the beginning again, it should not",
        edits=("orders/backfill.py", "tests/test_backfill.py"),
        runs=("pytest tests/test_backfill.py -q", "pytest -q"),
        pause_minutes=5,
    ),
    Step("yes", edits=("orders/backfill.py",), runs=("pytest -q",), pause_minutes=1, compacts=True),
    Step(
        "also show how far the backfill is on the admin page",
        reads=("orders/admin/jobs.py", "orders/admin/pages.py"),
        edits=("orders/admin/jobs.py", "orders/backfill.py", "tests/test_admin.py"),
        runs=("pytest tests/test_admin.py -q", "mypy orders"),
        pause_minutes=3,
    ),
    Step(
        "and a way to stop it between two chunks",
        edits=("orders/backfill.py", "orders/admin/jobs.py", "tests/test_backfill.py"),
        runs=("pytest -q", "ruff check orders"),
        pause_minutes=2,
    ),
    Step("commit", runs=("git commit -am 'Backfill {x} events in resumable chunks'",)),
)
_LONG = (*_MIGRATION[:5], *_EXPORT[:4], *_MIGRATION[-3:-1], *_FLAKY[:3], *_EXPORT[1:])
_REVIEW = (
    Step(
        "review my branch against main, only real problems",
        reads=("orders/events.py", "orders/backfill.py"),
        runs=("git diff main...HEAD",),
    ),
    Step("fix the first two", edits=("orders/backfill.py",), runs=("pytest -q",), pause_minutes=9),
)
_DEPS = (
    Step(
        "update the {x} dependencies that have security notices, one commit each",
        reads=("package.json",),
        runs=("npm audit", "npm run test", "git commit -am 'Update the {x} dependencies'"),
    ),
)

LIVE = Sitting(
    API,
    "rate-limits",
    OPUS,
    0,
    0.0,
    "Rate limits per customer",
    (
        Step(
            "add rate limits per customer to the order endpoints, 60 a minute, with the usual headers",
            reads=("orders/middleware.py", "orders/urls.py", "orders/settings.py", "tests/test_middleware.py"),
            edits=("orders/limits.py", "orders/middleware.py", "tests/test_limits.py"),
            runs=("pytest tests/test_limits.py -q",),
        ),
        Step(
            "count in redis, not per process",
            reads=("orders/cache.py",),
            edits=("orders/limits.py", "tests/test_limits.py"),
            runs=("pytest tests/test_limits.py -q",),
            pause_minutes=1.5,
        ),
        Step(
            "what happens when redis is down?",
            edits=("orders/limits.py",),
            runs=("pytest -q", "mypy orders"),
            pause_minutes=1,
        ),
        Step(
            "fail open then, and commit",
            edits=("orders/limits.py",),
            runs=("pytest -q", "git commit -am 'Limit orders per customer, counted in redis'"),
            pause_minutes=2,
        ),
        Step(
            "new task: the nightly invoice run takes two hours since last week. profile it on a copy of monday's data,"
            " find out where the time goes, and write down what you measured before you change anything",
            reads=("billing/nightly/run.py", "billing/nightly/lines.py", "billing/storage.py"),
            runs=("python -m billing.nightly --profile",),
            agent="find queries in loops",
            pause_minutes=4,
        ),
        Step(
            "load the lines of an invoice in one query",
            reads=("billing/nightly/queries.py",),
            edits=("billing/nightly/lines.py", "billing/nightly/queries.py", "tests/test_nightly.py"),
            runs=("pytest tests/test_nightly.py -q", "python -m billing.nightly --profile"),
            pause_minutes=1.5,
        ),
        Step(
            "much better. the same for the addresses",
            reads=("billing/nightly/addresses.py",),
            edits=("billing/nightly/addresses.py", "tests/test_nightly.py"),
            runs=("pytest -q", "ruff check orders"),
            pause_minutes=2,
        ),
        Step("commit it", runs=("git commit -am 'Load invoice lines and addresses in two queries'",), pause_minutes=1),
    ),
    baseline=31_000,
)

BESIDE = Sitting(WEB, "main", SONNET, 0, 0.0, "Wish list total off by a cent", _CART, "wishlist")

HISTORY = (
    Sitting(API, "main", OPUS, 44, 9.5, "Flaky upload test", _FLAKY, "upload"),
    Sitting(WEB, "main", SONNET, 43, 14.0, "Slow production build", _SLOW_BUILD),
    Sitting(INFRA, "main", HAIKU, 41, 11.0, "Disk alert and backups", _ALERTS, "disk"),
    Sitting(API, "csv-export", OPUS, 38, 10.0, "CSV export of the monthly report", _EXPORT, "monthly"),
    Sitting(WEB, "main", SONNET, 37, 15.5, "Cart total off by a cent", _CART, "cart"),
    Sitting(INFRA, "gateway-auth", OPUS, 34, 9.2, "Token checks in the gateway", _GATEWAY, baseline=41_000),
    Sitting(WEB, "deps", SONNET, 31, 16.0, "Security updates of the editor", _DEPS, "editor"),
    Sitting(API, "events", OPUS, 29, 9.0, "Order events, two tables", _MIGRATION, "order"),
    Sitting(API, "events", FABLE, 28, 13.5, "Review of the events branch", _REVIEW, baseline=38_000),
    Sitting(API, "main", OPUS, 27, 10.2, "Flaky search test", _FLAKY, "search"),
    Sitting(WEB, "main", SONNET, 24, 10.5, "Checkout total off by a cent", _CART, "checkout"),
    Sitting(INFRA, "main", HAIKU, 23, 17.0, "Memory alert and backups", _ALERTS, "memory"),
    Sitting(API, "csv-export", OPUS, 22, 9.8, "CSV export of the stock report", _EXPORT, "stock", 31_000),
    Sitting(API, "main", OPUS, 20, 9.4, "Flaky login test", _FLAKY, "login"),
    Sitting(WEB, "main", SONNET, 17, 11.3, "Refund total off by a cent", _CART, "refund"),
    Sitting(API, "events", OPUS, 15, 9.1, "Stock events, two tables", _MIGRATION, "stock", 38_000),
    Sitting(API, "events", FABLE, 14, 15.2, "Review of the stock events", _REVIEW, baseline=38_000),
    Sitting(INFRA, "main", HAIKU, 13, 9.9, "Latency alert and backups", _ALERTS, "latency"),
    Sitting(WEB, "deps", SONNET, 10, 16.4, "Security updates of the charts", _DEPS, "chart"),
    Sitting(API, "csv-export", OPUS, 9, 10.1, "CSV export of the returns report", _EXPORT, "returns", 41_000),
    Sitting(API, "main", OPUS, 8, 13.4, "Flaky webhook test", _FLAKY, "webhook", 41_000),
    Sitting(API, "events", OPUS, 6, 9.1, "Payment events, two tables", _MIGRATION, "payment", 41_000),
    Sitting(WEB, "main", SONNET, 5, 15.0, "Basket total off by a cent", _CART, "basket"),
    Sitting(API, "refunds", OPUS, 4, 9.1, "Refunds, from the table to the report", _LONG, "refund", 38_000),
    Sitting(INFRA, "gateway-auth", OPUS, 3, 14.2, "Token checks, second try", _GATEWAY, baseline=41_000),
    Sitting(API, "csv-export", OPUS, 2, 9.3, "CSV export of the tax report", _EXPORT, "tax", 41_000),
    Sitting(API, "main", OPUS, 1, 10.2, "Flaky webhook test, again", _STILL_FLAKY, "webhook", 41_000),
)
