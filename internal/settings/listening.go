package settings

var listening = Area{
	Name:    "Listening",
	Summary: "where to listen, which proxies and origins to trust, and the second listener for metrics",
	Settings: []Setting{
		{
			Name: "PORT", Type: Number, Default: "5000", Min: 0, Max: 65535,
			Description: "Port for web, REST and WebSocket.",
		},
		{
			Name: "HOST", Type: Text, Default: "0.0.0.0",
			Description: "Address to listen on. 127.0.0.1 makes the server reachable from this machine only.",
		},
		{
			Name: "CLIENT_ORIGIN", Type: List,
			Description: "Other origins that may use the API from their web pages: exact, comma separated.\n" +
				"Example: https://chat.example.org,http://localhost:3000",
		},
		{
			Name: "TRUST_PROXY", Type: List,
			Description: "Proxies that may set X-Forwarded-For: comma separated IP addresses and CIDRs, or loopback, " +
				"linklocal, uniquelocal (private networks), or the number of proxies in front (1), or true (all; only " +
				"if nothing but the proxy can reach this port). Empty: none.",
		},
		{
			Name: "METRICS_ADDR", Type: Text,
			Description: "host:port of a second listener for operators: Prometheus metrics at /metrics, and /health " +
				"and /health/ready, which answer from the first moment of a start. Empty: off.",
		},
		{
			Name: "PPROF", Type: Boolean, Default: "false",
			Description: "Also serve Go profiles (/debug/pprof/) at METRICS_ADDR: true or false.",
		},
	},
}
