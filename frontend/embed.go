// Package frontend holds the built browser UI.
//
// A clone without Node builds too: dist then holds nothing but .keep, and the server says how to build the pages.
package frontend

import "embed"

//go:generate npm ci --omit=dev --ignore-scripts --no-audit --no-fund
//go:generate npm run build

// Dist is the built UI under dist/.
//
//go:embed all:dist
var Dist embed.FS
