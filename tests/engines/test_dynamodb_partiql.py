"""PartiQL and the checks of expressions (DynamoDB developer guide, "PartiQL", "Condition expressions")."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

FILMS = [
    {"title": {"S": "Alien"}, "year": {"N": "1979"}, "info": {"M": {"cast": {"L": [{"S": "Weaver"}]}}}},
    {"title": {"S": "Alien"}, "year": {"N": "1986"}, "rating": {"N": "8"}},
    {"title": {"S": "Brazil"}, "year": {"N": "1985"}, "none": {"NULL": True}, "tags": {"SS": ["a"]}},
]


@pytest.fixture
def films(lab: RunningLab, request: pytest.FixtureRequest) -> Any:
    client = lab.client("dynamodb")
    client.create_table(
        TableName="films",
        KeySchema=[{"AttributeName": "title", "KeyType": "HASH"}, {"AttributeName": "year", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "title", "AttributeType": "S"},
            {"AttributeName": "year", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    request.addfinalizer(lambda: client.delete_table(TableName="films"))
    for film in FILMS:
        client.put_item(TableName="films", Item=film)
    return client


def run(client: Any, text: str, *parameters: Any, **options: Any) -> Any:
    """Run a statement with *parameters* given as str, int or typed values."""
    typed = [{"S": p} if isinstance(p, str) else {"N": str(p)} if isinstance(p, int) else p for p in parameters]
    return client.execute_statement(Statement=text, **({"Parameters": typed} if typed else {}), **options)


def years(client: Any, text: str, *parameters: Any) -> list[int]:
    return [int(item["year"]["N"]) for item in run(client, text, *parameters)["Items"]]


def refused(call: Any, *arguments: Any, **options: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(*arguments, **options)
    details = error.value.response["Error"]
    return details["Code"], details["Message"]


@pytest.mark.parametrize(
    ("where", "parameters", "found"),
    [
        ("title='Alien' AND year=1986", (), [1986]),
        ("title=? AND year=?", ("Alien", 1986), [1986]),
        ("title = ? AND year > ?", ("Alien", 1979), [1986]),
        ("? < year AND title = 'Alien'", (1979,), [1986]),
        ("title = 'Alien'", (), [1979, 1986]),
        ("title = 'Alien' ORDER BY year DESC", (), [1986, 1979]),
        ("year BETWEEN 1980 AND 1985", (), [1985]),
        ("year NOT BETWEEN 1980 AND 1986", (), [1979]),
        ("title IN ['Brazil', ?]", ("x",), [1985]),
        ("begins_with(title, 'Al') AND NOT year = 1979", (), [1986]),
        ("contains(\"title\", 'raz')", (), [1985]),
        ("contains(tags, 'a')", (), [1985]),
        ("size(title) = 6", (), [1985]),
        ("rating IS NOT MISSING", (), [1986]),
        ("none IS NULL OR rating IS MISSING AND year < 1980", (), [1979, 1985]),
        ("attribute_type(rating, 'N')", (), [1986]),
        ("info.cast[0] = 'Weaver'", (), [1979]),
        ("rating > 'a'", (), []),
        ("rating <> 8 AND title <> 'Brazil'", (), [1979]),
        ("title = 'it''s'", (), []),
    ],
)
def test_select_finds_what_its_where_says(
    films: Any, where: str, parameters: tuple[Any, ...], found: list[int]
) -> None:
    assert years(films, f'SELECT * FROM "films" WHERE {where}', *parameters) == found


def test_select_projects_paths_under_their_last_name(films: Any) -> None:
    text = "SELECT title, info.cast FROM films WHERE title='Alien' AND year=1979"
    assert run(films, text)["Items"] == [{"title": {"S": "Alien"}, "cast": {"L": [{"S": "Weaver"}]}}]


def test_select_goes_on_from_next_token(films: Any) -> None:
    first = run(films, "SELECT * FROM films", Limit=2)
    rest = run(films, "SELECT * FROM films", Limit=2, NextToken=first["NextToken"])
    assert len(first["Items"]) == 2
    assert len(rest["Items"]) == 1
    assert "NextToken" not in rest
    assert refused(run, films, "SELECT * FROM films", NextToken="nonsense")[0] == "ValidationException"


def test_insert_takes_parameters_and_refuses_a_second(films: Any) -> None:
    text = "INSERT INTO films VALUE {'title': ?, 'year': ?, 'info': {'tags': <<'x','y'>>, 'n': [1, -2.5, true, null]}}"
    assert run(films, text, "New", 2020)["Items"] == []
    item = films.get_item(TableName="films", Key={"title": {"S": "New"}, "year": {"N": "2020"}})["Item"]
    assert sorted(item["info"]["M"]["tags"]["SS"]) == ["x", "y"]
    assert item["info"]["M"]["n"]["L"] == [{"N": "1"}, {"N": "-2.5"}, {"BOOL": True}, {"NULL": True}]
    duplicate = ("DuplicateItemException", "Duplicate primary key exists in table")
    assert refused(run, films, text, "New", 2020) == duplicate


def test_update_sets_adds_and_removes(films: Any) -> None:
    text = "UPDATE films SET rating = rating + ? SET tags = set_add(tags, <<'b'>>) REMOVE none WHERE title=? AND year=?"
    run(films, "UPDATE films SET rating = 1 WHERE title='Brazil' AND year=1985")
    changed = run(films, text + " RETURNING ALL NEW *", 2, "Brazil", 1985)["Items"][0]
    assert (changed["rating"], sorted(changed["tags"]["SS"]), "none" in changed) == ({"N": "3"}, ["a", "b"], False)
    text = "UPDATE films SET info.cast = list_append(info.cast, ['Holm']) WHERE title='Alien' AND year=1979"
    changed = run(films, text + " RETURNING MODIFIED NEW *")["Items"][0]
    assert changed == {"info": {"M": {"cast": {"L": [{"S": "Weaver"}, {"S": "Holm"}]}}}}


def test_update_and_delete_ask_their_conditions(films: Any) -> None:
    failed = ("ConditionalCheckFailedException", "The conditional request failed")
    assert refused(run, films, "UPDATE films SET x=1 WHERE title='Alien' AND year=1986 AND rating=9") == failed
    assert refused(run, films, "UPDATE films SET x=1 WHERE title='None' AND year=1") == failed
    assert refused(run, films, "DELETE FROM films WHERE title='Alien' AND year=1986 AND rating=9") == failed
    assert run(films, "DELETE FROM films WHERE title='None' AND year=1")["Items"] == []
    old = run(films, "DELETE FROM films WHERE title=? AND year=? RETURNING ALL OLD *", "Alien", 1986)["Items"]
    assert old == [FILMS[1]]
    assert years(films, "SELECT * FROM films WHERE title='Alien'") == [1979]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("UPDATE films SET x=1 WHERE title='Alien'", "Where clause does not contain a mandatory equality on all key"),
        ("DELETE FROM films WHERE year=1", "Where clause does not contain a mandatory equality on all key attributes"),
        ("SELECT * FROM films WHERE title=?", "Number of parameters in request and statement don't match."),
        ("SELECT * FROM films WHERE", "Statement wasn't well formed, can't be processed: "),
        ("SELECT * FROM films ORDER BY year", "Must have WHERE clause in the statement when using ORDER BY clause."),
        ("SELECT * FROM films WHERE year=1 ORDER BY year", "Must have at least one non-optional hash key condition"),
        ("SELECT * FROM films WHERE title='a' ORDER BY x", "Variable reference x in ORDER BY clause must be part of"),
        ("SELECT * FROM films WHERE title=1", "One or more parameter values were invalid: Condition parameter type"),
        ("SELECT * FROM films WHERE begins_with(x, 1)", "Incorrect operand type for operator or function; operator or"),
        ("SELECT * FROM films WHERE " + "(" * 5000, "Statement wasn't well formed"),
        ("DROP TABLE films", "Statement wasn't well formed"),
        ("INSERT INTO films VALUE {'title': 'a'}", "One or more parameter values were invalid: Missing the key year"),
    ],
)
def test_what_cannot_be_done_says_why(films: Any, text: str, message: str) -> None:
    code, said = refused(run, films, text)
    assert code == "ValidationException"
    assert said.startswith(message)


def test_a_missing_table_is_not_found(films: Any) -> None:
    missing = ("ResourceNotFoundException", "Requested resource not found")
    assert refused(run, films, "SELECT * FROM nowhere") == missing


def test_a_batch_answers_each_statement_in_its_place(films: Any) -> None:
    answers = films.batch_execute_statement(
        Statements=[
            {"Statement": "SELECT * FROM films WHERE title=? AND year=1986", "Parameters": [{"S": "Alien"}]},
            {"Statement": "SELECT * FROM films WHERE title='Alien'"},
            {"Statement": "SELECT * FROM nowhere WHERE title='Alien'"},
        ]
    )["Responses"]
    assert answers[0] == {"TableName": "films", "Item": FILMS[1]}
    assert [answer["Error"]["Code"] for answer in answers[1:]] == ["ValidationError", "ResourceNotFound"]


def test_a_transaction_is_all_or_nothing(films: Any) -> None:
    insert = {"Statement": "INSERT INTO films VALUE {'title': 'T', 'year': 1}"}
    check = "EXISTS(SELECT * FROM films WHERE title='Alien' AND year=1986 AND rating = ?)"
    with pytest.raises(ClientError) as error:
        films.execute_transaction(TransactStatements=[insert, {"Statement": check, "Parameters": [{"N": "1"}]}])
    reasons = error.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert years(films, "SELECT * FROM films WHERE title='T'") == []
    films.execute_transaction(TransactStatements=[insert, {"Statement": check, "Parameters": [{"N": "8"}]}])
    assert years(films, "SELECT * FROM films WHERE title='T'") == [1]


@pytest.mark.parametrize(
    ("expression", "values", "message"),
    [
        ("begins_with(x, :v)", {":v": {"N": "1"}}, "Incorrect operand type for operator or function; operator or "),
        ("x < :v", {":v": {"BOOL": True}}, "Incorrect operand type for operator or function; operator: <, operand"),
        ("x = :w", {":v": {"N": "1"}}, "An expression attribute value used in expression is not defined; attribute"),
        ("#x = :v", {":v": {"N": "1"}}, "An expression attribute name used in the document path is not defined;"),
        ("x BETWEEN :v AND :w", {":v": {"N": "2"}, ":w": {"N": "1"}}, "The BETWEEN operator requires upper bound to"),
        ("x = x", None, "The first operand must be distinct from the remaining operands"),
        ("size(x)", None, 'Syntax error; token: "<EOF>"'),
        ("frob(x)", None, "Invalid function name; function: frob"),
        ("((x = :v))", {":v": {"N": "1"}}, "The expression has redundant parentheses;"),
        ("year = :v", {":v": {"N": "1"}}, "Attribute name is a reserved keyword; reserved keyword: year"),
        ("(" * 3000 + "x", None, "The expression "),
    ],
)
def test_expressions_are_checked_before_anything_is_read(
    films: Any, expression: str, values: dict[str, Any] | None, message: str
) -> None:
    films.delete_item(TableName="films", Key={"title": {"S": "Alien"}, "year": {"N": "1"}})
    options = {"ExpressionAttributeValues": values} if values else {}
    code, said = refused(films.scan, TableName="films", FilterExpression=expression, **options)
    assert code == "ValidationException"
    assert said.startswith(f"Invalid FilterExpression: {message}")


def test_key_conditions_are_checked_before_anything_is_read(films: Any) -> None:
    ask = {"TableName": "films", "ExpressionAttributeNames": {"#y": "year"}}
    number = {":t": {"N": "1"}}
    wrong = refused(
        films.query,
        TableName="films",
        KeyConditionExpression="begins_with(title, :t)",
        ExpressionAttributeValues=number,
    )
    assert wrong[1].startswith("Invalid KeyConditionExpression: Incorrect operand type for operator or function;")
    wrong = refused(
        films.query, TableName="films", KeyConditionExpression="title = :t", ExpressionAttributeValues=number
    )
    assert wrong[1].endswith("Condition parameter type does not match schema type")
    values = {":t": {"S": "Alien"}, ":y": {"N": "1980"}}
    found = films.query(**ask, KeyConditionExpression="(title=:t) AND (#y>:y)", ExpressionAttributeValues=values)
    assert [item["year"]["N"] for item in found["Items"]] == ["1986"]


def test_comparisons_with_other_types_are_false_not_failures(films: Any) -> None:
    for expression in ("rating > :v", "size(rating) > :v", "info.actors[10] = :v", "contains(rating, :v)"):
        found = films.scan(TableName="films", FilterExpression=expression, ExpressionAttributeValues={":v": {"S": "a"}})
        assert found["Count"] == 0


@pytest.mark.parametrize(
    ("expression", "old", "new"),
    [
        ("SET rating = :v", {"rating": {"N": "8"}}, {"rating": {"N": "8"}}),
        ("SET fresh = :v", None, {"fresh": {"N": "8"}}),
        ("REMOVE rating", {"rating": {"N": "8"}}, None),
        ("SET fresh = :v, rating = :v", {"rating": {"N": "8"}}, {"fresh": {"N": "8"}, "rating": {"N": "8"}}),
    ],
)
def test_updated_old_and_new_are_what_the_expression_names(
    films: Any, expression: str, old: dict[str, Any] | None, new: dict[str, Any] | None
) -> None:
    for wanted, expected in (("UPDATED_OLD", old), ("UPDATED_NEW", new)):
        films.put_item(TableName="films", Item=FILMS[1])
        answer = films.update_item(
            TableName="films",
            Key={"title": {"S": "Alien"}, "year": {"N": "1986"}},
            UpdateExpression=expression,
            ReturnValues=wanted,
            **({"ExpressionAttributeValues": {":v": {"N": "8"}}} if ":v" in expression else {}),
        )
        assert answer.get("Attributes") == expected


def test_of_many_conditional_writers_one_wins(films: Any) -> None:
    won: list[int] = []

    def claim(worker: int) -> None:
        try:
            films.put_item(
                TableName="films",
                Item={"title": {"S": "lock"}, "year": {"N": "1"}, "owner": {"N": str(worker)}},
                ConditionExpression="attribute_not_exists(title)",
            )
            won.append(worker)
        except films.exceptions.ConditionalCheckFailedException:
            pass

    workers = [threading.Thread(target=claim, args=(n,)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(won) == 1
