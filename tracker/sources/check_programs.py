"""The programs that run tests, a build, a linter or a type checker: alone, or with one of these verbs behind them."""

CHECKERS = frozenset(
    "pytest py.test tox nox jest vitest mocha ruff mypy pyright eslint tsc phpunit rspec ctest unittest golangci-lint"
    " mvn gradle gradlew ./gradlew ./mvnw".split()
)
VERBS = {
    **dict.fromkeys(
        ("cargo", "go", "dotnet", "swift", "mix", "zig"), ("test", "build", "check", "vet", "clippy", "nextest")
    ),
    **dict.fromkeys(("npm", "pnpm", "yarn", "bun"), ("test", "build", "lint", "check", "typecheck", "run")),
    **dict.fromkeys(("make", "just", "mise", "task"), ("test", "build", "lint", "check", "all", "run")),
    **dict.fromkeys(("flutter", "dart", "deno"), ("test", "build", "analyze", "lint", "check")),
    **dict.fromkeys(("playwright", "vite", "biome", "turbo"), ("test", "build", "lint", "check", "ci")),
}
CHECK_PROGRAMS = CHECKERS | set(VERBS)
