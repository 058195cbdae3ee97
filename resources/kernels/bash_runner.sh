# Start file of the interactive bash that is a context of the engine's code interpreter.
# Its input and descriptor 3 are a stream socket. In, for each execution, three lines: __sandglass_begin with the
# variables of this execution alone, eval of the code, __sandglass_end with its status. They are lines of their own
# because an interrupt ends the one that runs. Out, on descriptor 3: lines of the code interpreter's stream, and first of
# all {"type": "ready"}. What code writes to descriptors 1 and 2 the engine reads itself, before what comes after it here.
set +m +H +o history
unset PROMPT_COMMAND MAILCHECK HISTFILE
PS1= PS2=
__sandglass_count=0

__sandglass_begin() {
  __sandglass_restore=
  local pair name
  for pair; do
    name=${pair%%=*}
    if [ -n "${!name+set}" ]; then
      printf -v __sandglass_restore '%sexport %s=%q\n' "$__sandglass_restore" "$name" "${!name}"
    else
      __sandglass_restore+="unset $name"$'\n'
    fi
    export "$pair"
  done
  printf '{"type": "number_of_executions", "execution_count": %d}\n' $((++__sandglass_count)) >&3
}

__sandglass_end() {
  eval "$__sandglass_restore"
  [ "$1" = 0 ] || printf '{"type": "error", "name": "ExitStatus", "value": "%d", "traceback": "exit status %d"}\n' "$1" "$1" >&3
  printf '{"type": "end_of_execution"}\n' >&3
}

printf '{"type": "ready"}\n' >&3
