// Qt starts programs with clone(CLONE_VM | CLONE_VFORK): the child runs on the parent's memory, and with it on the
// thread sanitizer's notes about the parent's thread, which afterwards misses locks and reports races that are none.
// Under the sanitizer the child gets a copy instead, as from fork().

#include <dlfcn.h>
#include <sched.h>

#include <cstdarg>

extern "C" int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
    using Clone = int (*)(int (*)(void *), void *, int, void *, ...);
    static const auto real = reinterpret_cast<Clone>(::dlsym(RTLD_NEXT, "clone"));
    va_list rest;
    va_start(rest, argument);
    void *parentId = va_arg(rest, void *); // those that the flags do not ask for are passed on unread
    void *threadArea = va_arg(rest, void *);
    void *childId = va_arg(rest, void *);
    va_end(rest);
    return real(function, stack, flags & ~(CLONE_VM | CLONE_VFORK), argument, parentId, threadArea, childId);
}
