# Files and directories, as POSIX has them; yours to change. Each entry is kept by its absolute path.


def _path(name):
    """The absolute path that a name means, from the working directory."""
    start = "" if name.startswith("/") else get("working_directory")
    parts = []
    for part in (start + "/" + name).split("/"):
        if part == "..":
            parts = parts[: len(parts) - 1]
        elif part not in ("", "."):
            parts = parts + [part]
    return "/" + "/".join(parts)


def _is_within(path, directory):
    """Whether a path is below a directory."""
    return path.startswith(directory if directory == "/" else directory + "/")


def _entry(name):
    """The file or directory of a name."""
    found = get("files", _path(name))
    if found is None:
        fail("not_found", f"{name}: no such file or directory")
    return found


def _directory(name):
    found = _entry(name)
    if found["kind"] != "directory":
        fail("not_a_directory", f"{name}: not a directory")
    return found


def _file(name):
    found = _entry(name)
    if found["kind"] != "file":
        fail("is_a_directory", f"{name}: is a directory")
    return found


def _parent(path):
    return "/" + "/".join([part for part in path.split("/") if part][:-1])


def _last(path):
    return path.split("/")[-1]


def _make(path, kind, content):
    """Make an entry in a directory that is there."""
    parent = get("files", _parent(path))
    if parent is None or parent["kind"] != "directory":
        fail("not_found", f"{_parent(path)}: no such directory")
    return insert("files", {"path": path, "kind": kind, "content": content})


def _below(directory):
    """All that is in a directory, however deep, in the order of the paths."""
    return sorted([one for one in rows("files") if _is_within(one["path"], directory)], key=lambda one: one["path"])


def _children(directory):
    return [one for one in _below(directory) if _parent(one["path"]) == directory]


def _lines(text):
    return [line for line in str(text or "").split("\n")]


def _place_for(source, destination):
    """Where something goes: into a directory that is there, or under a new name."""
    path = _path(destination)
    there = get("files", path)
    if there is not None and there["kind"] == "directory":
        path = path.rstrip("/") + "/" + _last(source["path"])
        there = get("files", path)
    if path == source["path"] or _is_within(path, source["path"]):
        fail("invalid_argument", f"{destination}: it is the same, or inside of it")
    if there is not None and there["kind"] == "directory":
        fail("already_exists", f"{destination}: there is a directory of that name")
    return path


def _put(source, path):
    """Write a copy of an entry and all below it."""
    if get("files", path) is not None:
        delete("files", path)
    _make(path, source["kind"], source["content"])
    for one in _below(source["path"]):
        inner = path + one["path"][len(source["path"]) :]
        insert("files", {"path": inner, "kind": one["kind"], "content": one["content"]})


def _drop(entry):
    for one in _below(entry["path"]):
        delete("files", one["path"])
    delete("files", entry["path"])


def _do_pwd():
    return get("working_directory")


def _do_ls(hidden):
    names = [_last(one["path"]) for one in _children(get("working_directory"))]
    return [name for name in names if hidden or not name.startswith(".")]


def _do_cd(folder):
    path = _path(folder)
    if path == _parent(get("root_directory")) and path != get("root_directory"):
        fail("not_found", f"{folder}: there is nothing above")
    found = _directory(folder)
    set("working_directory", found["path"])
    return found["path"]


def _do_mkdir(name):
    if get("files", _path(name)) is not None:
        fail("already_exists", f"{name}: there is an entry of that name")
    _make(_path(name), "directory", None)
    return f"{name} was made"


def _do_touch(name):
    if get("files", _path(name)) is None:
        _make(_path(name), "file", "")
    return f"{name} was made"


def _do_create(name):
    if get("files", _path(name)) is not None:
        fail("already_exists", f"{name}: there is an entry of that name")
    return _do_touch(name)


def _do_echo(content, name):
    if name is None:
        return content
    path = _path(name)
    there = get("files", path)
    if there is not None and there["kind"] == "directory":
        fail("is_a_directory", f"{name}: is a directory")
    if there is None:
        _make(path, "file", content)
    else:
        update("files", path, {"content": content})
    return None


def _do_cat(name):
    return _file(name)["content"] or ""


def _do_rm(name):
    found = _entry(name)
    if _is_within(get("working_directory") + "/", found["path"]):
        fail("invalid_argument", f"{name}: the working directory is inside of it")
    _drop(found)
    return f"{name} was removed"


def _do_rmdir(name):
    found = _directory(name)
    if _children(found["path"]):
        fail("not_empty", f"{name}: the directory is not empty")
    delete("files", found["path"])
    return f"{name} was removed"


def _do_mv(source, destination):
    found = _entry(source)
    path = _place_for(found, destination)
    _put(found, path)
    _drop(found)
    return f"{source} was moved to {destination}"


def _do_cp(source, destination):
    found = _entry(source)
    _put(found, _place_for(found, destination))
    return f"{source} was copied to {destination}"


def _do_find(place, name):
    start = _directory(place)["path"]
    prefix = place.rstrip("/") or "/"
    found = [one["path"] for one in _below(start) if name is None or name in _last(one["path"])]
    return [prefix + path[len(start) :] for path in found]


def _do_grep(name, pattern):
    return [line for line in _lines(_file(name)["content"]) if pattern in line]


def _do_sort(name):
    return "\n".join(sorted(_lines(_file(name)["content"])))


def _do_tail(name, lines):
    kept = _lines(_file(name)["content"])
    return "\n".join(kept[max(0, len(kept) - lines) :]) if lines > 0 else ""


def _do_head(name, lines):
    return "\n".join(_lines(_file(name)["content"])[: max(0, lines)])


def _do_wc(name, mode):
    text = _file(name)["content"] or ""
    if mode == "w":
        return len(text.split())
    return len(text) if mode == "c" else len(_lines(text))


def _do_diff(one, other):
    left, right = _lines(_file(one)["content"]), _lines(_file(other)["content"])
    changed = []
    for number in range(max(len(left), len(right))):
        before = left[number] if number < len(left) else None
        after = right[number] if number < len(right) else None
        if before != after:
            changed = changed + [f"- {before}"] * (before is not None) + [f"+ {after}"] * (after is not None)
    return "\n".join(changed)


def _do_du():
    size = sum([len(one["content"] or "") for one in _below(get("working_directory"))])
    return f"{size} bytes"
