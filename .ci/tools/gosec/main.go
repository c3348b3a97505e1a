// Command gosec looks for insecure code. It is gosec itself without its own command, which takes ten minutes to build: most of
// that are clients of language models.
package main

import (
	"github.com/securego/gosec/v2/goanalysis"
	"golang.org/x/tools/go/analysis/singlechecker"
)

func main() { singlechecker.Main(goanalysis.Analyzer) }
