"""NeMo Gym: its own agents, and ours of the exported folder, in one process, without launcher and Ray."""

import asyncio
import json
import sys
from pathlib import Path

import httpx
from nemo_gym.config_types import BaseServerConfig
from nemo_gym.server_utils import GlobalAIOHTTPAsyncClientConfig, ServerClient, set_global_aiohttp_client
from omegaconf import OmegaConf
from responses_api_agents.gymnasium_agent.app import GymnasiumAgentConfig
from responses_api_agents.simple_agent.app import SimpleAgent, SimpleAgentConfig
from scripted import RUNS, URL, VOID_RUN, VOID_URL, tell
from scripted_model import endpoint

EXPORTED = Path(sys.argv[4])
sys.path.insert(0, str(EXPORTED / "responses_api_agents/toolworld_agent"))
from app import ToolworldAgent  # noqa: E402 - the agent of the exported folder

ROWS = {
    row["task"]: row
    for line in (EXPORTED / "resources_servers/toolworld/data/train.jsonl").read_text().splitlines()
    for row in [json.loads(line)]
}


def place(url):
    host, _, port = url.removeprefix("http://").rpartition(":")
    return {"host": host, "port": int(port)}


def client_of(url, model_port):
    """NeMo's client, with the servers that its agents ask for."""
    servers = {
        "toolworld": {"resources_servers": {"toolworld": place(url)}},
        "policy": {"responses_api_models": {"openai_model": {"host": "127.0.0.1", "port": model_port}}},
        "simple": {"responses_api_agents": {"simple_agent": {"host": "127.0.0.1", "port": 1}}},
    }
    head = BaseServerConfig(host="127.0.0.1", port=1)
    return ServerClient(head_server_config=head, global_config_dict=OmegaConf.create(servers))


REFERENCES = {
    "resources_server": {"type": "resources_servers", "name": "toolworld"},
    "model_server": {"type": "responses_api_models", "name": "policy"},
    "host": "127.0.0.1",
    "port": 1,
    "entrypoint": "app.py",
    "max_steps": 30,
}


async def asked(app, path, body):
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent", timeout=60) as http:
        answer = await http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def with_user(run, url):
    with endpoint(run["turns"]) as port:
        config = GymnasiumAgentConfig(name="agent", **REFERENCES)
        app = ToolworldAgent(config=config, server_client=client_of(url, port)).setup_webserver()
        return await asked(app, "/run", ROWS[run["task"]])


async def without_user(run, url):
    """`simple_agent`, whose conversation is judged as it ends: nobody agreed to anything, so that a change fails."""
    with endpoint([turn for turn in run["turns"] if not isinstance(turn, str)] + [run["turns"][-1]]) as port:
        config = SimpleAgentConfig(name="simple", **REFERENCES)
        client = client_of(url, port)
        agent = SimpleAgent(config=config, server_client=client)
        app = agent.setup_webserver()
        post = client.post

        async def routed(server_name, url_path, **options):
            """The agent asks itself over HTTP: here without a port."""
            if server_name != "simple":
                return await post(server_name=server_name, url_path=url_path, **options)
            transport = httpx.ASGITransport(app=app)
            body = options["json"].model_dump() if hasattr(options["json"], "model_dump") else options["json"]
            cookies = {name: getattr(one, "value", one) for name, one in options["cookies"].items()}
            async with httpx.AsyncClient(transport=transport, base_url="http://agent", cookies=cookies) as http:
                return Answered(await http.post(url_path, json=body))

        object.__setattr__(client, "post", routed)
        return await asked(app, "/run", ROWS[run["task"]])


class Answered:
    """An answer of httpx, in the form in which NeMo reads aiohttp's."""

    def __init__(self, answer):
        self._answer = answer
        self.ok, self.status, self.cookies = answer.is_success, answer.status_code, dict(answer.cookies)

    async def read(self):
        return self._answer.content


async def main():
    set_global_aiohttp_client(GlobalAIOHTTPAsyncClientConfig())
    played = [await with_user(run, URL) for run in RUNS]
    assert all(one["terminated"] for one in played), played
    broken = await with_user(VOID_RUN, VOID_URL)
    is_left_out = broken.get("_ng_failure_class") == "toolworld_void_host" and broken["mask_sample"] is True
    alone = await without_user(RUNS[0], URL)
    marked = await without_user(VOID_RUN, VOID_URL)
    assert marked["_ng_failure_class"] == "toolworld_void_host", marked
    rewards = [one["reward"] for one in played]
    tell(rewards, "left out" if is_left_out else 0.0, alone=[alone["reward"], alone["outcome"]])


asyncio.run(main())
