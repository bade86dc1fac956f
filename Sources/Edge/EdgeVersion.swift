/// Name and version of this program.
package enum EdgeVersion {
  package static let version = "0.1.0"
  /// "headgate-edge/0.1.0"
  package static let agent = "headgate-edge/" + version
}
