"""The two columns of a list of results: the tool and its file or command."""

from tracker.cli.drawing import tool_and_target

RESULTS = [("Read", "/home/dev/app/src/main.py"), ("mcp__github__search_issues", ""), ("AskUserQuestion", "")]


def test_names_of_tools_are_whole_where_there_is_room() -> None:
    assert tool_and_target(RESULTS, 66) == [
        "Read                        /home/dev/app/src/main.py             ",
        "mcp__github__search_issues                                        ",
        "AskUserQuestion                                                   ",
    ]


def test_without_room_a_name_is_cut_where_it_says_least() -> None:
    assert [line[:9] for line in tool_and_target(RESULTS, 24)] == ["Read     ", "…h_issues", "AskUserQ…"]
    assert [line[11:].rstrip() for line in tool_and_target(RESULTS, 24)] == ["…/src/main.py", "", ""]


def test_short_names_leave_the_room_to_files() -> None:
    (line,) = tool_and_target(RESULTS[:1], 66)
    assert line == f"Read  {'/home/dev/app/src/main.py':<60}"
    assert tool_and_target([], 66) == []
