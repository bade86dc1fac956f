package import HeadgateProto
import Identifiers
import Logging

/// Failures that callers learn nothing of but an id; what happened is in this process's log under that id.
package enum Incident {
  private static let logger = Logger(label: "headgate.control")

  /// Logs `what`, which must not hold a secret, and gives the error for the caller.
  package static func internalError(_ what: String) -> RPCError {
    let id = UniqueID.random().description
    logger.error("internal error", metadata: ["log_id": "\(id)", "cause": "\(what)"])
    return RPCError(.internal, "internal error; the control plane's log has it under \(id)", logID: id)
  }
}
