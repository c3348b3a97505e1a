package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is the unit of CPU time in /proc: USER_HZ, which is 100 on every Linux that Go runs on.
const ticks = 100

// cpu reads the CPU seconds of a process; with those of its dead children if asked. Source: proc(5), /proc/pid/stat.
func cpu(pid int, children bool) float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	total := 0.0
	for n, field := range []int{11, 12, 13, 14} { // utime, stime, cutime, cstime
		value, err := strconv.ParseFloat(fields[field], 64)
		if err == nil && (n < 2 || children) {
			total += value
		}
	}
	return total / ticks
}

// family is the CPU seconds of a process and all its children, dead or alive. A child that ends while they are added would
// be counted twice or not at all: then they are added again.
func family(pid int) float64 {
	for {
		before := childrenOf(pid)
		total := cpu(pid, true)
		for _, child := range before {
			total += cpu(child, false)
		}
		if slices.Equal(before, childrenOf(pid)) {
			return total
		}
	}
}

// childrenOf lists them in the order of their ids as text.
func childrenOf(pid int) (children []int) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && fields[1] == strconv.Itoa(pid) {
			children = append(children, child)
		}
	}
	return children
}

// own is the CPU seconds of this process, which is the clients.
func own() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

func (p *process) cpu() float64 { return cpu(p.cmd.Process.Pid, false) }

// memory is the product's resident set, in bytes.
func (p *process) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
