"""The hash in Go that docs/events.md shows is that by which records are placed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from adapters.kafka.partitioner import partition_of
from tests.support.documents.pages import blocks

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
PROGRAM = """package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
)

func main() {
	var keys []string
	if err := json.NewDecoder(os.Stdin).Decode(&keys); err != nil {
		panic(err)
	}
	hashes := []uint32{}
	for _, key := range keys {
		hashes = append(hashes, murmur2([]byte(key))&0x7fffffff)
	}
	json.NewEncoder(os.Stdout).Encode(hashes)
}

"""
KEYS = ["", "a", "T-", "T-1", "T-10", "T-1042", "Zoë", "é" * 7, *(f"T-{one}" * (one % 5) for one in range(300))]
EVERY = range(0x7FFFFFFF + 1)


@pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")
def test_the_hash_in_go_places_records_as_ours_does(tmp_path: Path) -> None:
    (shown,) = [text for text in blocks(PAGE, "go") if "func murmur2" in text]
    (tmp_path / "main.go").write_text(PROGRAM + shown)
    done = subprocess.run(
        ["go", "run", "main.go"],
        cwd=tmp_path,
        input=json.dumps(KEYS),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [partition_of(key.encode(), EVERY) for key in KEYS]
