import Cryptography

/// Makes and extends the file that `MasterKeys` reads.
package enum MasterKeyFile {
  private static let heading = """
    # Headgate's master keys: VERSION:KEY, 32 random bytes in base 64. The highest version is used for new data keys.
    # Who has this file and the database can read every trigger's secret. Keep a copy apart from the database's backups:
    # without it no secret can be read again.

    """

  /// Writes a new file (mode 0600) with one random key of version 1.
  ///
  /// - Throws: `MasterKeyError.file(.exists)` when there is a file already; it is never touched.
  package static func create(at path: String) throws(MasterKeyError) {
    do {
      try PrivateFile.create(at: path, contents: joined(Array(heading.utf8), line(version: 1)))
    } catch {
      throw .file(error)
    }
  }

  /// Adds a random key with the next version, which is current from the next start on; the old ones stay.
  ///
  /// - Returns: the new version.
  /// - Throws: `MasterKeyError` when the file is not one that `MasterKeys` accepts.
  package static func addVersion(to path: String) throws(MasterKeyError) -> UInt32 {
    let text: SecretBytes
    do { text = try PrivateFile.read(path) } catch { throw .file(error) }
    let keys = try MasterKeys(parsing: text, source: path)
    guard keys.currentVersion < UInt32.max else {
      throw .malformed(source: path, line: 0, reason: "there is no version above \(keys.currentVersion)")
    }
    let version = keys.currentVersion + 1
    var old = text.revealed()
    defer { wipe(&old) }
    if old.last != UInt8(ascii: "\n") { old.append(UInt8(ascii: "\n")) }
    do {
      try PrivateFile.replace(at: path, contents: joined(old, line(version: version)))
    } catch {
      throw .file(error)
    }
    return version
  }

  private static func line(version: UInt32) -> SecretBytes {
    SecretBytes(copying: "\(version):\(Base64.encode(SecretBytes.random(count: AESGCM.keyLength)))\n")
  }

  private static func joined(_ first: [UInt8], _ second: SecretBytes) -> SecretBytes {
    SecretBytes(count: first.count + second.count) { target in
      target.copyBytes(from: first)
      second.withBytes { UnsafeMutableRawBufferPointer(rebasing: target[first.count...]).copyMemory(from: $0) }
    }
  }
}
