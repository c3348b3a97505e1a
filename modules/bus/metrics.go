package bus

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	connected prometheus.Gauge
	published prometheus.Counter
	dropped   prometheus.Counter
	foreign   prometheus.Counter
	losses    prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		connected: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "chat_bus_connections", Help: "Connections to Redis that hear hints; 0: the sweep serves.",
		}),
		published: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_bus_published_total", Help: "Hints that Redis took.",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_bus_dropped_total", Help: "Hints that were not published, because Redis was slow or out of reach.",
		}),
		foreign: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_bus_unreadable_total", Help: "Messages on our channels that are no hints.",
		}),
		losses: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_bus_losses_total", Help: "Connections that heard hints and were lost.",
		}),
	}
	r.MustRegister(m.connected, m.published, m.dropped, m.foreign, m.losses)
	return m
}
