"""Volumes and secrets with the published Python SDK; run by python_cases.py."""
import os
import unittest

from e2b import Sandbox, Secret, Volume
from e2b.exceptions import NotFoundException, VolumeException


class Volumes(unittest.TestCase):
    def test_contents_and_mount(self):
        name = f"python-{os.getpid()}"
        volume = Volume.create(name)
        try:
            volume.make_dir("/d", mode=0o750)
            entry = volume.write_file("/d/note", "text", mode=0o640)
            self.assertEqual((entry.path, entry.size, entry.mode), ("/d/note", 4, 0o640))
            self.assertEqual(volume.read_file("/d/note"), "text")
            self.assertEqual([each.name for each in volume.list("/")], ["d"])
            with Sandbox.create(timeout=60, volume_mounts={"/data": volume}) as sandbox:
                self.assertEqual(sandbox.files.read("/data/d/note"), "text")
                sandbox.commands.run("echo -n more > /data/d/note")
                self.assertEqual(volume.read_file("/d/note"), "more")
                sandbox.kill()
            volume.remove("/d")
            self.assertFalse(volume.exists("/d"))
            with self.assertRaises(VolumeException):
                Volume.create(name)
        finally:
            self.assertTrue(Volume.destroy(volume.volume_id))
        with self.assertRaises(NotFoundException):
            Volume.connect(volume.volume_id)


class Secrets(unittest.TestCase):
    def test_life(self):
        name = f"python-{os.getpid()}"
        made = Secret.create(name, "hidden", metadata={"a": "b"})
        self.assertEqual((made.name, made.version, made.metadata), (name, 1, {"a": "b"}))
        self.assertEqual(Secret.update(name, "other").version, 2)
        self.assertTrue(Secret.exists(made.secret_id))
        self.assertTrue(Secret.destroy(name))
        self.assertFalse(Secret.destroy(name))
