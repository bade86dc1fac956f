import CPostgres
import Glibc

/// A message that came by NOTIFY.
package struct PostgresNotification: Hashable, Sendable {
  package var channel: String
  package var payload: String

  /// Makes a notification.
  package init(channel: String, payload: String) {
    self.channel = channel
    self.payload = payload
  }
}

extension PostgresSession {
  /// The socket, to be polled for reading by a listener.
  var socket: CInt { PQsocket(connection) }

  /// Subscribes to channels; their names are identifiers of this program.
  func listen(to channels: [String]) throws(PostgresError) {
    try run(script: channels.map { "LISTEN \"\($0)\"" }.joined(separator: ";"))
  }

  /// What has arrived since the last call; does not wait.
  func takeNotifications() throws(PostgresError) -> [PostgresNotification] {
    guard PQconsumeInput(connection) == 1, PQstatus(connection) == CONNECTION_OK else { throw lost() }
    var notifications: [PostgresNotification] = []
    while let notification = PQnotifies(connection) {
      defer { PQfreemem(notification) }
      notifications.append(
        PostgresNotification(
          channel: String(cString: notification.pointee.relname), payload: String(cString: notification.pointee.extra)))
    }
    return notifications
  }
}
