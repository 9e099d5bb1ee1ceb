# What every POSIX shell has: functions, arithmetic, pipes, subshells, traps, here documents.
sum() {
    i=0 total=0
    while [ $i -lt 3000 ]; do
        total=$((total + i * i % 7))
        i=$((i + 1))
    done
    echo $total
}
sum
echo hello | (read x; echo "got $x")
for i in a b c; do echo $i; done | while read line; do echo "[$line]"; done
case abc in a*) echo starts with a ;; *) echo something else ;; esac
x=$(echo inner; exit 3)
echo "$x $?"
trap 'echo trapped' USR1
kill -USR1 $$
(exit 7)
echo $?
cd / && pwd
/bin/ls /proc/self/exe >/dev/null && echo "a host program ran"
echo "$# $*"
set -- 1 2 3
shift
echo $1 $#
cat <<TEXT
here $((1 + 2)) ${x:-nothing} ${#x}
TEXT
printf '%s %d\n' text 42
/bin/sleep 0.01 &
wait $!
echo waited $?
no-such-command 2>/dev/null
echo $?
(kill -TERM $BASHPID $(sh -c 'echo $PPID')) 2>/dev/null
echo "killed: $?"
exit 5
