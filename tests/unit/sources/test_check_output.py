"""What the output of tests, builds and linters says of their outcome, as the runners write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.sources.check_output import tells_failure

FAILED = (
    "--- FAIL: TestUpload (0.02s)\n    cart_test.go:12: no\nFAIL\tshop/upload\t0.3s\nok  \tshop/cart\t0.1s\nFAIL",
    "FAIL src/cart.test.ts\nTest Suites: 1 failed, 4 passed, 5 total\nTests:       2 failed, 30 passed, 32 total",
    " Test Files  1 failed | 3 passed (4)\n      Tests  1 failed | 20 passed (21)",
    " 1348 pass\n 3 fail\n 2939 expect() calls\nRan 1351 tests across 61 files. [904.00ms]",
    "  12 passing (40ms)\n  1 failing\n",
    "FAILED tests/test_cart.py::test_sum - assert 1 == 2\n========= 1 failed, 3 passed in 0.12s =========",
    "2 errors in 0.31s",
    "Ran 3 tests in 0.001s\n\nFAILED (failures=1)",
    "test result: FAILED. 3 passed; 1 failed; 0 ignored",
    "error[E0308]: mismatched types\nerror: could not compile `shop` (lib) due to 1 previous error",
    "types.py:3: error: Incompatible return value type\nFound 1 error in 1 file (checked 9 source files)",
    "src/cart.ts(63,26): error TS2322: Type 'string' is not assignable to type 'number'.",
    "\x1b[31m✖ 6 problems (5 errors, 1 warning)\x1b[0m",
    "2 issues:\n* wrapcheck: 2",
    "./cart.go:10:2: undefined: total",
    'error: script "lint" exited with code 1',
    " ELIFECYCLE  Test failed. See above for more details.",
    "make: *** [Makefile:4: test] Error 2",
    "[lint] ERROR task failed",
    "5 examples, 2 failures",
    "00:05 +3 -1: Some tests failed.",
    "  error • The getter 'total' isn't defined • lib/cart.dart:3:9 • undefined_getter\n\n1 issue found.",
    "sh: jest: command not found",
    "sh: 1: vitest: not found",
    "zsh: command not found: pytest",
    "/bin/bash: line 1: ./gradlew: command not found",
    "FAILED tests/test_cart.py",
    "FAILED | 2 passed | 1 failed (3ms)",
    "  error - lib/cart.dart:3:9 - Undefined name 'total'. - undefined_identifier",
    "Tests:  1 skipped, 2 failed, 3 total",
    "FAILURE: Build failed with an exception.",
    "Failed!  - Failed:     1, Passed:     3, Skipped:     0, Total:     4",
    "✓ 1 modules transformed.\n✗ Build failed in 28ms",
    "error during build:\n[vite:load-fallback] Could not load /home/dev/shop/src/cart",
    "web:build: ERROR: command finished with error: command (/shop/web) exited (1)",
    " Tasks:    0 successful, 1 total\n ERROR  run failed: command  exited (1)",
    "  1 failed\n    [chromium] › cart.spec.ts:3:1 › adds up\n  12 passed (5.1s)",
    "Checked 3 files in 12ms. No fixes applied.\nFound 2 errors.",
)
PASSED = (
    "ok  \tshop/cart\t0.1s\nPASS",
    "Test Suites: 5 passed, 5 total\nTests:       32 passed, 32 total",
    " Test Files  4 passed (4)\n      Tests  21 passed (21)",
    " 1351 pass\n 0 fail\n 2939 expect() calls",
    "tests/test_cart.py::test_failed_upload PASSED\n===== 4 passed, 1 xfailed in 0.12s =====",
    "test cart::fails_on_error ... ok\ntest result: ok. 4 passed; 0 failed; 0 ignored",
    "Success: no issues found in 9 source files",
    "Found 3 errors (3 fixed, 0 remaining).",
    "✖ 2 problems (0 errors, 2 warnings)",
    "0 issues.",
    "0 errors, 2 warnings, 0 informations",
    "5 examples, 0 failures",
    "00:05 +4: All tests passed!",
    "   info - lib/cart.dart:3:9 - Use const - prefer_const\n\n1 issue found.",
    "/home/me/.bashrc: line 1: oh-my-posh: command not found\nok  \tshop/cart\t0.1s",
    "zsh: command not found: staticcheck",
    "  ✓ says jest: command not found (3 ms)\n  ✔ reports error TS2304: no such name",
    "ok 5 - Command failed with exit code 1 is told",
    "  console.error\n    error - cannot reach the shop\nTests:       3 passed, 3 total",
    "FAILURE: the upload is tried again\nFailed! trying again\nFAILED login of bob\n3 passed in 0.1s",
    "1 error handled in 3s",
    "✓ 30 modules transformed.\n✓ built in 1.20s",
    " Tasks:    2 successful, 2 total\n  Time:    1.2s",
    "Tests that 3 failed logins lock ... ok",
    "[Parser] Error: cannot read the file that the test leaves out\n 12 pass\n 0 fail",
    "",
)


@pytest.mark.parametrize("output", FAILED)
def test_a_failure_is_seen_wherever_it_stands(output: str) -> None:
    assert tells_failure(output)
    assert tells_failure(f"$ run the checks\n{output}\nfinished in 2 s\n")


@pytest.mark.parametrize("output", PASSED)
def test_what_passed_is_no_failure(output: str) -> None:
    assert not tells_failure(output)


@given(st.text(alphabet="failFAIL rorERGo.:*0123 \n\t\x1b[m", max_size=200))
def test_no_output_is_too_strange(output: str) -> None:
    tells_failure(output)


def test_only_the_end_of_a_long_output_is_read() -> None:
    assert not tells_failure("FAIL\n" + "x\n" * 20_000)
