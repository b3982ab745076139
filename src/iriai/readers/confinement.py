"""Giving up, one after the other, everything a reader does not need.

1. Limits: no file may grow, few descriptors, no core dumps, no new processes.
2. Namespaces of its own for users, mounts, network, IPC and host name: a network with no way out.
3. An empty directory as the root of its file system.
4. No capabilities, and none to be gained.
5. A seccomp filter that lets through memory, time, and reading and writing what is already open.

Each layer alone would do against most attacks. Where a kernel or a container forbids one (many
containers forbid namespaces, other systems than Linux have none of them), the others still hold;
`confine` gives the names of those in force, and `iriai doctor` shows them.
"""

import contextlib
import ctypes
import os
import platform
import resource
import struct

OPEN_FILES_MAX = 8
CLONE_FLAGS = 0x10000000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x00020000
"""New user, network, IPC, host name and mount namespaces."""

PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 4, 22, 38
SECCOMP_MODE_FILTER = 2
SECCOMP_ALLOW, SECCOMP_EPERM, SECCOMP_KILL = 0x7FFF0000, 0x00050001, 0x80000000

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_SYSCALLS = {
    # read write close fstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask
    # rt_sigreturn sched_yield mremap madvise getpid exit getrusage sigaltstack gettid futex
    # clock_gettime exit_group restart_syscall getrandom
    "x86_64": (0, 1, 3, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 39, 60, 98, 131, 186, 202,
               228, 231, 219, 318),
    "aarch64": (63, 64, 57, 80, 73, 62, 222, 226, 215, 214, 134, 135, 139, 124, 216, 233, 172, 93,
                165, 132, 178, 98, 113, 94, 128, 278),
}  # fmt: skip
_X32_BIT = 0x40000000


def confine(empty: str) -> list[str]:
    """Give up all that can be given up, and name the layers in force; `empty` is a directory."""
    layers = ["limits"]
    _limit()
    if platform.system() != "Linux":
        return layers
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_FLAGS) == 0:
        layers.append("namespaces")
    with contextlib.suppress(OSError):
        os.chroot(empty)
        os.chdir("/")
        layers.append("root")
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if _drop_capabilities(libc):
        layers.append("capabilities")
    if _filter(libc):
        layers.append("syscalls")
    return layers


def _limit() -> None:
    for kind, value in (
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES_MAX),
        (resource.RLIMIT_NPROC, 0),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (value, value))


def _drop_capabilities(libc: ctypes.CDLL) -> bool:
    header = struct.pack("=Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    return bool(libc.capset(header, bytes(24)) == 0)


def _filter(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in _SYSCALLS:
        return False
    program = _program(_AUDIT_ARCH[machine], _SYSCALLS[machine])
    held = ctypes.create_string_buffer(program, len(program))
    count = len(program) // 8
    fprog = struct.pack("@HxxxxxxQ", count, ctypes.addressof(held))
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, fprog, 0, 0) == 0)


def _program(arch: int, allowed: tuple[int, ...]) -> bytes:
    """The filter in classic BPF: another architecture dies, another call is refused with EPERM."""
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    steps = [
        (load, 0, 0, 4),  # seccomp_data.arch
        (equal, 1, 0, arch),
        (answer, 0, 0, SECCOMP_KILL),
        (load, 0, 0, 0),  # seccomp_data.nr
        (at_least, len(allowed), 0, _X32_BIT),
    ]
    for index, number in enumerate(allowed):
        steps.append((equal, len(allowed) - index, 0, number))
    steps += [(answer, 0, 0, SECCOMP_EPERM), (answer, 0, 0, SECCOMP_ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
