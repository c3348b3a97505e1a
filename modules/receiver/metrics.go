package receiver

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	subscriptions prometheus.Gauge
	executions    prometheus.Counter
	repairs       prometheus.Counter
	replays       prometheus.Counter
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		subscriptions: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "chat_live_subscriptions", Help: "Open subscriptions.",
		}),
		executions: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_live_executions_total", Help: "Events executed; one serves every subscription that shows the same.",
		}),
		repairs: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_live_log_reads_total", Help: "Pages of logs read because a hint did not come.",
		}),
		replays: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "chat_live_replayed_rows_total", Help: "Rows of logs read for subscriptions that were behind.",
		}),
	}
	r.MustRegister(m.subscriptions, m.executions, m.repairs, m.replays)
	return m
}
