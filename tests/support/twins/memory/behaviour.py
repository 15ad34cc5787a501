def create_entities(entities):
    made = []
    for one in entities:
        if get("entities", one["name"]) is None:
            insert("entities", one | {"place": _next("entities")})
            made.append(one)
    return {"entities": made}


def create_relations(relations):
    made = []
    for one in relations:
        if not _same(one):
            insert("relations", one | {"id": new_id("r"), "place": _next("relations")})
            made.append(one)
    return {"relations": made}


def add_observations(observations):
    results = []
    for one in observations:
        entity = get("entities", one["entityName"])
        if entity is None:
            fail("unknown_entity", "Entity with name " + one["entityName"] + " not found")
        added = [text for text in one["contents"] if text not in entity["observations"]]
        update("entities", entity["name"], {"observations": entity["observations"] + added})
        results.append({"entityName": entity["name"], "addedObservations": added})
    return {"results": results}


def delete_entities(entityNames):
    for name in entityNames:
        if get("entities", name) is not None:
            delete("entities", name)
    for one in rows("relations"):
        if one["from"] in entityNames or one["to"] in entityNames:
            delete("relations", one["id"])
    return {"success": True, "message": "Entities deleted successfully"}


def delete_observations(deletions):
    for one in deletions:
        entity = get("entities", one["entityName"])
        if entity is not None:
            left = [text for text in entity["observations"] if text not in one["observations"]]
            update("entities", entity["name"], {"observations": left})
    return {"success": True, "message": "Observations deleted successfully"}


def delete_relations(relations):
    for one in relations:
        for found in _same(one):
            delete("relations", found["id"])
    return {"success": True, "message": "Relations deleted successfully"}


def read_graph():
    return _graph([one["name"] for one in rows("entities")], rows("relations"))


def search_nodes(query):
    wanted = query.lower()
    names = [
        one["name"]
        for one in rows("entities")
        if any([wanted in text.lower() for text in [one["name"], one["entityType"]] + one["observations"]])
    ]
    return _graph(names, _touching(names))


def open_nodes(names):
    known = [one["name"] for one in rows("entities") if one["name"] in names]
    return _graph(known, _touching(known))


def _next(collection):
    return max([one["place"] for one in rows(collection)] + [0]) + 1


def _same(relation):
    return find("relations", {name: relation[name] for name in ["from", "to", "relationType"]})


def _touching(names):
    return [one for one in rows("relations") if one["from"] in names or one["to"] in names]


def _graph(names, relations):
    entities = [one for one in sorted(rows("entities"), key=lambda one: one["place"]) if one["name"] in names]
    return {
        "entities": [{name: one[name] for name in ["name", "entityType", "observations"]} for one in entities],
        "relations": [
            {name: one[name] for name in ["from", "to", "relationType"]}
            for one in sorted(relations, key=lambda one: one["place"])
        ],
    }
