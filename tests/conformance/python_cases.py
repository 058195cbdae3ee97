"""The published Python SDKs, unmodified, against a running engine (E2B_API_URL, E2B_SANDBOX_URL, E2B_API_KEY)."""
import asyncio
import os
import pathlib
import tempfile
import time
import unittest

from e2b import (AsyncSandbox, AsyncTemplate, AuthenticationException, BuildException, CommandExitException,
                 InvalidArgumentException, NotFoundException, PtySize, Sandbox, SandboxException, SandboxQuery, Template,
                 TimeoutException, wait_for_port)
from e2b_code_interpreter import Sandbox as Interpreter

METADATA = {"suite": f"python-{os.getpid()}", "k y": "v&=ö"}


class OneSandbox(unittest.TestCase):
    template = Sandbox

    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.template.create(timeout=120, metadata=METADATA, envs={"FROM": "sandbox"})

    @classmethod
    def tearDownClass(cls):
        cls.sandbox.kill()


class Base(OneSandbox):
    def test_commands(self):
        seen = []
        result = self.sandbox.commands.run("echo $FROM $OWN; pwd; echo err >&2", envs={"OWN": "ü"}, cwd="/tmp", on_stdout=seen.append)
        self.assertEqual((result.stdout, result.stderr, result.exit_code), ("sandbox ü\n/tmp\n", "err\n", 0))
        self.assertEqual("".join(seen), result.stdout)

    def test_root(self):
        self.assertEqual(self.sandbox.commands.run("id -u; whoami; echo $HOME", user="root").stdout, "0\nroot\n/root\n")
        self.sandbox.files.write("rooted.txt", "by root", user="root")
        self.assertEqual(self.sandbox.files.read("/root/rooted.txt"), "by root")
        self.assertEqual(self.sandbox.files.get_info("rooted.txt", user="root").owner, "root")
        with self.assertRaises(AuthenticationException):
            self.sandbox.commands.run("true", user="ghost")

    def test_failing_command(self):
        with self.assertRaises(CommandExitException) as caught:
            self.sandbox.commands.run("echo why >&2; exit 3")
        self.assertEqual((caught.exception.exit_code, caught.exception.stderr), (3, "why\n"))

    def test_time_limit(self):
        with self.assertRaises(TimeoutException):
            self.sandbox.commands.run("sleep 60", timeout=1)

    def test_background_with_input(self):
        handle = self.sandbox.commands.run("cat", background=True, stdin=True)
        self.assertIn(handle.pid, [each.pid for each in self.sandbox.commands.list()])
        self.sandbox.commands.send_stdin(handle.pid, "hello\n")
        handle.close_stdin()
        self.assertEqual(handle.wait().stdout, "hello\n")
        sleeper = self.sandbox.commands.run("sleep 60", background=True)
        self.assertTrue(sleeper.kill())
        self.assertFalse(self.sandbox.commands.kill(9_999_999))

    def test_terminal(self):
        terminal = self.sandbox.pty.create(PtySize(rows=30, cols=100))
        self.sandbox.pty.send_stdin(terminal.pid, b"stty size; exit\n")
        seen = []
        terminal.wait(on_pty=seen.append)
        self.assertIn(b"30 100", b"".join(seen))

    def test_files(self):
        files = self.sandbox.files
        self.assertEqual(files.write("dir/a ü.txt", "content").path, "/home/user/dir/a ü.txt")
        self.assertEqual(files.read("dir/a ü.txt"), "content")
        self.assertEqual(bytes(files.read("dir/a ü.txt", format="bytes")), b"content")
        self.assertEqual(b"".join(files.read("dir/a ü.txt", format="stream")), b"content")
        self.assertEqual([each.name for each in files.list("dir")], ["a ü.txt"])
        files.rename("dir/a ü.txt", "dir/b")
        self.assertFalse(files.exists("dir/a ü.txt"))
        self.assertEqual(files.get_info("dir/b").size, 7)
        self.assertTrue(files.make_dir("deep/er"))
        self.assertFalse(files.make_dir("deep/er"))
        files.remove("dir")
        with self.assertRaises(NotFoundException):
            files.read("dir/b")
        with self.assertRaises(InvalidArgumentException):
            files.read("deep")

    def test_many_files_and_bytes(self):
        data = bytes(range(256)) * 4096
        written = self.sandbox.files.write_files([{"path": f"many/{i}", "data": data} for i in range(10)])
        self.assertEqual([each.path for each in written], [f"/home/user/many/{i}" for i in range(10)])
        self.assertEqual(bytes(self.sandbox.files.read("many/9", format="bytes")), data)

    def test_watch_by_polling(self):
        self.sandbox.files.make_dir("watched")
        watch = self.sandbox.files.watch_dir("watched")
        self.sandbox.files.write("watched/new", "x")
        names = set()
        deadline = time.monotonic() + 10
        while ("new", "write") not in names and time.monotonic() < deadline:
            names |= {(each.name, each.type.value) for each in watch.get_new_events()}
        self.assertLessEqual({("new", "create"), ("new", "write")}, names)
        watch.stop()

    def test_git(self):
        git = self.sandbox.git
        git.init("repo", initial_branch="trunk")
        self.sandbox.files.write("repo/a", "a")
        git.add("repo")
        git.commit("repo", "First", author_name="Jan", author_email="jan@example.org")
        self.assertTrue(git.status("repo").is_clean)

    def test_info_and_list(self):
        info = self.sandbox.get_info()
        self.assertEqual((info.metadata, info.state.value), (METADATA, "running"))
        listed = Sandbox.list(query=SandboxQuery(metadata=METADATA)).next_items()
        self.assertIn(self.sandbox.sandbox_id, [each.sandbox_id for each in listed])

    def test_wrong_key(self):
        with self.assertRaises(AuthenticationException):
            Sandbox.create(api_key="e2b_" + "0" * 40)


class Life(unittest.TestCase):
    def test_pause_connect_timeout_kill(self):
        sandbox = Sandbox.create(timeout=60)
        try:
            sandbox.files.write("kept", "kept")
            sandbox.pause()
            self.assertFalse(sandbox.is_running())
            again = Sandbox.connect(sandbox.sandbox_id, timeout=60)
            self.assertEqual(again.files.read("kept"), "kept")
            again.set_timeout(300)
            self.assertGreater(again.get_info().end_at.timestamp() - time.time(), 250)
        finally:
            self.assertTrue(sandbox.kill())
        self.assertFalse(sandbox.kill())
        with self.assertRaises(NotFoundException):
            Sandbox.get_info(sandbox.sandbox_id)

    def test_asynchronous(self):
        async def work():
            sandbox = await AsyncSandbox.create(timeout=60)
            try:
                results = await asyncio.gather(*(sandbox.commands.run(f"echo {i}") for i in range(10)))
                self.assertEqual([each.stdout for each in results], [f"{i}\n" for i in range(10)])
                events = []
                await sandbox.files.make_dir("w")
                watch = await sandbox.files.watch_dir("w", on_event=events.append)
                await sandbox.files.write("w/new", "x")
                for _ in range(500):
                    if any(each.name == "new" for each in events):
                        break
                    await asyncio.sleep(0.01)
                self.assertTrue(any(each.name == "new" for each in events))
                await watch.stop()
            finally:
                await sandbox.kill()
        asyncio.run(work())


class Code(OneSandbox):
    template = Interpreter

    def test_result_state_and_error(self):
        self.assertEqual(self.sandbox.run_code("x = 41\nx + 1").text, "42")
        out = []
        execution = self.sandbox.run_code("print(x)\n1/0", on_stdout=lambda message: out.append(message.line))
        self.assertEqual((out, execution.error.name), (["41\n"], "ZeroDivisionError"))

    def test_contexts_and_variables(self):
        context = self.sandbox.create_code_context(cwd="/tmp")
        self.assertEqual(self.sandbox.run_code("import os; os.getcwd()", context=context).text, "/tmp")
        self.assertEqual(self.sandbox.run_code("import os; os.environ['FROM'] + os.environ['E']", envs={"E": "!"}).text, "sandbox!")
        self.sandbox.remove_code_context(context)
        self.assertNotIn(context.id, [each.id for each in self.sandbox.list_code_contexts()])

    def test_picture(self):
        execution = self.sandbox.run_code("import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.show()")
        self.assertTrue(any(each.png for each in execution.results))
        self.assertEqual([each.points for each in execution.results[0].chart.elements], [[(0.0, 1.0), (1.0, 2.0)]])

    def test_other_languages(self):
        self.assertEqual(self.sandbox.run_code("const x = await Promise.resolve(41); x + 1", language="js").text, "42")
        self.assertEqual(self.sandbox.run_code("x", language="javascript").text, "41")
        self.assertEqual("".join(self.sandbox.run_code("echo $((6 * 7)) $FROM", language="bash").logs.stdout), "42 sandbox\n")
        with self.assertRaises(SandboxException):
            self.sandbox.run_code("1", language="r")

    def test_time_limit(self):
        with self.assertRaises(TimeoutException):
            self.sandbox.run_code("import time\nwhile True: time.sleep(0.01)", timeout=1)
        self.assertEqual(self.sandbox.run_code("'on'").text, "on")


class Templates(unittest.TestCase):
    NAME = f"python-{os.getpid()}"

    def setUp(self):
        self.context = tempfile.TemporaryDirectory()
        self.addCleanup(self.context.cleanup)
        pathlib.Path(self.context.name, "data").mkdir()
        pathlib.Path(self.context.name, "data/one.txt").write_text("one")

    def base(self):
        return Template(file_context_path=self.context.name).from_base_image()

    def output(self, name, command):
        sandbox = Sandbox.create(name, timeout=60)
        self.addCleanup(sandbox.kill)
        return sandbox.commands.run(command).stdout

    def test_build_cache_and_tags(self):
        name, log = f"{self.NAME}-steps", []
        template = (self.base().set_envs({"A": "a b", "B": "$A!"}).set_workdir("/srv/app").copy("data", "data/")
                    .run_cmd("echo $B > b").set_start_cmd("exec python3 -m http.server 8300", wait_for_port(8300)))
        built = Template.build(template, f"{name}:v1", cpu_count=1, memory_mb=512,
                               on_build_logs=lambda entry: log.append(entry.message))
        self.assertEqual(built.tags, ["v1"])
        self.assertEqual(self.output(f"{name}:v1", "pwd; cat b data/one.txt; curl -s localhost:8300/b"),
                         "/srv/app\na b!\nonea b!\n")
        log.clear()
        Template.build(template, name, tags=["v2"], on_build_logs=lambda entry: log.append(entry.message))
        self.assertTrue(any(line.startswith("CACHED [builder 3/4] COPY") for line in log), log)
        self.assertTrue(Template.exists(name))
        self.assertFalse(Template.exists(f"{name}-none"))
        Template.assign_tags(f"{name}:v2", "default")
        self.assertEqual({each.tag for each in Template.get_tags(built.template_id)}, {"default", "v1", "v2"})

    def test_failing_step(self):
        with self.assertRaises(BuildException) as caught:
            Template.build(self.base().run_cmd("true").run_cmd("echo reason >&2; exit 5"), f"{self.NAME}-fails")
        self.assertIn("exit status 5: reason", str(caught.exception))

    def test_asynchronous(self):
        async def build():
            template = AsyncTemplate(file_context_path=self.context.name).from_base_image().copy("data", "/srv/")
            await AsyncTemplate.build(template, f"{self.NAME}-async")
            return await AsyncTemplate.exists(f"{self.NAME}-async")
        self.assertTrue(asyncio.run(build()))
        self.assertEqual(self.output(f"{self.NAME}-async", "cat /srv/one.txt"), "one")


from plane_cases import *  # noqa: F401,F403

if __name__ == "__main__":
    unittest.main(verbosity=2)
