package server

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// healthz says that the process is alive. It asks no store.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok", "version": s.config.Version, "role": s.config.Role})
}

// readyz says whether work can be sent here, and names what stands against it, or what somebody should look at.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	failing := map[string]string{}
	if s.draining.Load() {
		failing["process"] = "stopping"
	}
	for name, check := range s.config.Checks {
		if err := check(ctx); err != nil {
			s.config.Log.Warn().Err(err).Str("check", name).Msg("not ready")
			failing[name] = "out of reach or too old"
		}
	}
	if len(failing) > 0 {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"status": "unready", "failing": failing})
		return
	}
	body := map[string]any{"status": "ready"}
	warnings := map[string]string{}
	for name, warn := range s.config.Warnings {
		if text := warn(ctx); text != "" {
			warnings[name] = text
			body["warnings"] = warnings
		}
	}
	writeJSON(w, http.StatusOK, body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that is gone gets none
}
