"""Make up for the requests to organisation routes that are not among the recordings."""

from __future__ import annotations

from calcom_provider.sandbox.core.auth import bucket
from calcom_provider.sandbox.core.wire import Incoming
from calcom_provider.sandbox.groups.organization.delegation_credentials import add_credential
from tests.contract.acme import ATTRIBUTES, REGIONS
from tests.contract.organization_replay import Player, before

REGION = ATTRIBUTES["region"][0]


def _take(player: Player, user: int, option: str) -> None:
    world, member = player.acme.world, player.acme.of_user(user)
    for row in world.assignments.by("memberId", member["id"]):
        if row["attributeOptionId"] == player.acme.here("option", option):
            world.assignments.delete(row)


def _give(player: Player, user: int, option: str) -> None:
    player.acme.world.assign(player.acme.of_user(user), player.acme.here("option", option))


@before("1-110")
def _foreign_member_was_added(player: Player) -> None:
    acme = player.acme
    acme.know("membership", 369, acme.world.add_membership(acme.user(305), acme.here("team", 1)))


@before("1-156")
def _option_was_created(player: Player) -> None:
    player.acme.option(REGION, "LATAM2", "a475bd13-a3f7-40d0-885d-af0342d9568c")


@before("1-209")
def _second_region_was_assigned(player: Player) -> None:
    _give(player, 263, REGIONS["AMER"])


@before("1-221")
def _shared_option_was_assigned(player: Player) -> None:
    _give(player, 265, "d9b802f6-3b0e-409a-a3b1-4b454e6ada1f")


@before("1-243")
def _region_was_unassigned(player: Player) -> None:
    _take(player, 263, REGIONS["EMEA"])


@before("1-247")
def _foreign_member_was_added_again(player: Player) -> None:
    player.acme.world.add_membership(player.acme.user(305), player.acme.here("team", 1))


@before("1-255")
def _option_to_cascade_was_created(player: Player) -> None:
    player.acme.option(REGION, "Casc", "1ace9911-0e6b-41e4-9608-7c9bbf8710ad")


@before("1-614")
def _leaver_had_a_region(player: Player) -> None:
    _give(player, 301, REGIONS["EMEA"])


@before("1-626")
def _last_member_was_removed(player: Player) -> None:
    player.acme.world.drop_membership(player.acme.of_user(302))


@before("1-652")
def _attribute_with_many_options_was_made(player: Player) -> None:
    acme = player.acme
    row = acme.world.add_attribute(acme.here("team", 1), "Many", "many", "TEXT")
    acme.know("attribute", "99999999-9999-4999-8999-999999999999", row)


@before("1-654")
def _region_of_the_first_was_unassigned(player: Player) -> None:
    _take(player, 3, REGIONS["EMEA"])


@before("1-670")
def _organization_was_built_anew(player: Player) -> None:
    ids = player.acme.ids["attribute"]
    ids["b0ed9a7b-1cd2-47e3-829b-07fa07113c9b"] = ids[ATTRIBUTES["level"][0]]
    ids["cac37ab5-197a-404d-8723-91c744809079"] = ids[REGION]


# -- throttle: requests between the recorded ones ----------------


def _spend(player: Player, name: str, requests: int, seconds: float = 0.0) -> None:
    player.time += seconds
    held = bucket(player.acme.world, {"authorization": f"Bearer {player.acme.keys[name]}"}, "", set())
    for _ in range(requests):
        player.app.throttle.hit(held.tracker, player.app.limits_of(held))


@before("1-429")
def _domain_was_taken(player: Player) -> None:
    add_credential(player.acme.world, player.acme.here("team", 1), "google", "new.test")


@before("2-0001")
def _schedules_were_made(player: Player) -> None:
    acme = player.acme
    for number in range(1, 303):
        acme.world.users.update(acme.user(number), defaultScheduleId=302 if number == 1 else number)


@before("1-483")
def _tag_was_read(player: Player) -> None:
    acme = player.acme
    headers = {"authorization": f"Bearer {acme.keys['ADMIN_HIGH_LIMIT']}"}
    request = Incoming("GET", f"/v2/organizations/{acme.here('team', 1)}/teams", headers=headers)
    player.last["tag"] = player.app.answer(request).headers["ETag"]


@before("1-602")
def _58_requests_were_made(player: Player) -> None:
    _spend(player, "RL_PROBE", 58)


@before("1-663")
def _58_more_were_made(player: Player) -> None:
    _spend(player, "RL_PROBE", 58)


@before("1-679")
def _five_seconds_passed(player: Player) -> None:
    player.time += 5.0


@before("1-693")
def _fast_window_was_filled(player: Player) -> None:
    _spend(player, "ADMIN_FAST_WINDOW", 20, 60.0)


@before("1-932")
def _hammered_while_blocked(player: Player) -> None:
    # The block started late in the window, so a new window was filled before it ended
    _spend(player, "ADMIN_DEFAULT_LIMIT", 1)
    _spend(player, "ADMIN_DEFAULT_LIMIT", 120, 50.0)
    _spend(player, "ADMIN_DEFAULT_LIMIT", 125, 30.0)
    player.time += 31.0


@before("1-936")
def _three_requests_were_made(player: Player) -> None:
    _spend(player, "ADMIN_TWO_LIMITS", 3)


@before("1-941")
def _four_more_were_made(player: Player) -> None:
    _spend(player, "ADMIN_TWO_LIMITS", 4)


# -- second run ----------------


def _drop_team(player: Player, slug: str) -> None:
    world = player.acme.world
    for row in world.teams.by("parentId", player.acme.here("team", 1)):
        if row["slug"] == slug:
            world.teams.delete(row)


@before("2-0127")
@before("2-0126")
def _full_team_was_deleted(player: Player) -> None:
    _drop_team(player, "full")


@before("2-0132")
def _full_team_was_created(player: Player) -> None:
    _drop_team(player, "full")
    acme = player.acme
    team = acme.world.add_team(
        "Full",
        "full",
        acme.here("team", 1),
        logoUrl="https://img.example.test/l.png",
        bio="b",
        hideBranding=True,
        isPrivate=True,
        hideBookATeamMember=True,
        metadata={"hrisId": "T-1"},
        theme="dark",
        brandColor="#112233",
        darkBrandColor="#445566",
        bannerUrl="https://img.example.test/b.png",
        timeZone="Europe/Zurich",
        weekStart="Monday",
    )
    acme.know("team", 14, team)
    acme.know("membership", 376, acme.world.add_membership(acme.user(1), team["id"], "OWNER", accepted=False))


@before("2-0161")
def _full_team_is_gone(player: Player) -> None:
    _drop_team(player, "full")
