"""Single values of a state document: tools that read them, set them, add to them, list them; and who is logged in."""

from typing import Any

from tests.support.boat_hire import NUMBER, TEXT

from toolworld.environments import (
    Call,
    Operation,
    Parameter,
    Runtime,
    SimulationPlan,
    Toolset,
    compile_toolset,
    self_check,
)
from toolworld.ground import JsonObject, JsonSchema, JsonValue

STATE: JsonObject = {
    "temperature": 21.5,
    "ventState": "closed",
    "alarms": ["frost"],
    "tank": {"water": 30.0, "lastFilled": "2026-03-01"},
    "token": "t-1",
    "authenticated": False,
    "username": "ada",
    "password": "secret",
}
YES: JsonSchema = {"type": "boolean"}


def tool(name: str, said: str, given: dict[str, JsonSchema], shown: dict[str, JsonSchema]) -> Operation:
    parameters = tuple(Parameter(one, one, schema, required=True) for one, schema in given.items())
    properties: dict[str, JsonValue] = {**shown}
    return Operation(name, name, said, parameters, {"type": "object", "properties": properties})


GREENHOUSE = Toolset(
    id="greenhouse",
    title="Greenhouse",
    domain="gardens",
    description="A greenhouse.",
    operations=(
        tool("get_temperature", "Get the temperature.", {}, {"temperature": NUMBER}),
        tool(
            "set_temperature", "Set the temperature.", {"temperature": NUMBER, "token": TEXT}, {"temperature": NUMBER}
        ),
        tool("fill_tank", "Fill the tank, which holds up to 50 litres.", {"water": NUMBER}, {"water": NUMBER}),
        tool("add_alarm", "Add an alarm.", {"alarm": TEXT}, {"alarms": {"type": "array", "items": TEXT}}),
        tool("remove_alarm", "Remove an alarm.", {"alarm": TEXT}, {"alarms": {"type": "array", "items": TEXT}}),
        tool("start_vents", "Start the vents.", {}, {"ventState": TEXT}),
        tool("login", "Log in.", {"username": TEXT, "password": TEXT}, {"is_logged_in": YES}),
        tool("logout", "Log out.", {}, {"is_logged_out": YES}),
        tool("get_login_status", "Whether somebody is logged in.", {}, {"is_logged_in": YES}),
        tool("get_forecast", "Get the weather of tomorrow.", {"town": TEXT}, {"humidity": NUMBER, "town": TEXT}),
    ),
    states=(STATE,),
)


class Greenhouse:
    """Calls one after the other."""

    def __init__(self) -> None:
        self.environment = compile_toolset(GREENHOUSE).environment
        self.runtime = Runtime(self.environment, simulation=SimulationPlan(trusted=True))
        self.at = self.runtime.start

    async def __call__(self, name: str, **arguments: JsonValue) -> Any:
        event, self.at = await self.runtime.step(self.at, Call(name=name, arguments=arguments))
        return event.result if event.failure is None else event.failure.code


async def test_values_are_read_and_set_and_a_token_has_to_be_the_right_one() -> None:
    call = Greenhouse()
    assert await call("get_temperature") == {"temperature": 21.5}
    assert await call("set_temperature", temperature=18, token="t-1") == {"temperature": 18}
    assert await call("get_temperature") == {"temperature": 18}
    assert await call("set_temperature", temperature=9, token="t-2") == "unauthenticated"


async def test_sums_are_added_above_nothing_and_up_to_what_there_is_room_for() -> None:
    call = Greenhouse()
    assert await call("fill_tank", water=15.5) == {"water": 45.5}
    assert await call("fill_tank", water=5) == "failed_precondition"
    assert await call("fill_tank", water=-1) == "invalid_argument"
    assert call.at.state.value("tank") == {"water": 45.5, "lastFilled": "2026-03-01"}


async def test_lists_are_added_to_once_and_taken_from_what_is_in_them() -> None:
    call = Greenhouse()
    assert await call("add_alarm", alarm="wind") == {"alarms": ["frost", "wind"]}
    assert await call("add_alarm", alarm="wind") == {"alarms": ["frost", "wind"]}
    assert await call("remove_alarm", alarm="frost") == {"alarms": ["wind"]}
    assert await call("remove_alarm", alarm="frost") == "not_found"


async def test_the_name_of_a_tool_leads_to_a_status() -> None:
    call = Greenhouse()
    assert await call("start_vents") == {"ventState": "running"}


async def test_who_logs_in_is_logged_in_until_the_logout() -> None:
    call = Greenhouse()
    assert await call("get_login_status") == {"is_logged_in": False}
    assert await call("login", username="ada", password="wrong") == {"is_logged_in": False}
    assert await call("get_login_status") == {"is_logged_in": False}
    assert await call("login", username="ada", password="secret") == {"is_logged_in": True}
    assert await call("get_login_status") == {"is_logged_in": True}
    assert await call("logout") == {"is_logged_out": True}
    assert await call("get_login_status") == {"is_logged_in": False}


async def test_facts_of_the_outside_world_are_made_up_and_say_so() -> None:
    call = Greenhouse()
    forecast = call.environment.tool("get_forecast")
    assert forecast is not None
    assert forecast.inferred is not None
    assert forecast.inferred.reach == "partial"
    assert "made up" in str(forecast.inferred.why)
    assert "get_forecast" in str(call.environment.initial_state.singletons["made_up"])
    assert "# Made up: nothing that came with the tools says it." in str(call.environment.behaviour)
    first = await call("get_forecast", town="Turin")
    assert first["town"] == "Turin"
    assert (await call("get_forecast", town="TURIN"))["humidity"] == first["humidity"]
    assert (
        len({(await call("get_forecast", town=town))["humidity"] for town in ("Turin", "Oslo", "Lima", "Rome", "Bonn")})
        > 1
    )


def test_what_the_state_holds_or_a_formula_says_is_no_fact_of_the_outside_world() -> None:
    hidden = (
        tool("get_alarm_level", "Get the level.", {"alarm": TEXT}, {"alarms": TEXT}),
        tool("estimate_harvest", "Estimate the harvest.", {"crop": TEXT, "area": NUMBER}, {"kilograms": NUMBER}),
        tool("get_current_time", "Get the time.", {}, {"current_time": TEXT}),
    )
    made = compile_toolset(Toolset("greenhouse", "Greenhouse", "gardens", "", hidden, (STATE,))).environment
    assert {one.name for one in made.tools if one.inferred and one.inferred.reach == "none"} == {
        "get_alarm_level",
        "estimate_harvest",
        "get_current_time",
    }


def test_the_self_check_breaks_nothing_on_single_values() -> None:
    checked = self_check(compile_toolset(GREENHOUSE))
    assert checked.failed == {}
    assert {"get_temperature", "add_alarm", "login", "logout"} <= checked.succeeded
