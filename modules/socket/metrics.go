package socket

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	open      prometheus.Gauge
	frames    prometheus.Counter
	bytes     prometheus.Counter
	overflows prometheus.Counter
	closes    *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		open:   prometheus.NewGauge(prometheus.GaugeOpts{Name: "chat_sockets_open", Help: "Open WebSockets."}),
		frames: prometheus.NewCounter(prometheus.CounterOpts{Name: "chat_socket_frames_total", Help: "Messages written."}),
		bytes:  prometheus.NewCounter(prometheus.CounterOpts{Name: "chat_socket_bytes_total", Help: "Bytes of messages written."}),
		overflows: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_socket_overflows_total", Help: "Connections that fell behind and lost what waited for them.",
		}),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chat_socket_closes_total", Help: "Connections closed by us, by close code.",
		}, []string{"code"}),
	}
	r.MustRegister(m.open, m.frames, m.bytes, m.overflows, m.closes)
	return m
}

func (m *metrics) closed(code int) { m.closes.WithLabelValues(strconv.Itoa(code)).Inc() }
