import Observability

/// What the admin listener says.
enum AdminAnswers {
  static func answer(_ path: String, _ node: ControlPlaneNode, _ metrics: PrometheusMetrics) -> AdminListener.Answer? {
    switch path {
    // Alive: the process answers. Whether the database does is readiness.
    case "/healthz": AdminListener.Answer(status: 200, body: "ok\n")
    case "/readyz":
      if let reason = node.readiness.notReadyBecause {
        AdminListener.Answer(status: 503, body: "not ready: \(reason)\n")
      } else {
        AdminListener.Answer(status: 200, body: "ready\n")
      }
    case "/metrics": AdminListener.Answer(status: 200, contentType: PrometheusMetrics.contentType, body: metrics.render())
    default: nil
    }
  }
}
