// Command chat is a real-time chat system in one binary.
package main

import (
	"os"

	"chat/cmd"
)

func main() { os.Exit(cmd.Execute()) }
