/// Name and version of this program.
package enum ControlPlaneVersion {
  package static let version = "0.1.0"
  /// "headgate-control/0.1.0"
  package static let agent = "headgate-control/" + version
}
