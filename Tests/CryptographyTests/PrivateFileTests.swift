import Cryptography
import FoundationEssentials
import Testing

@Suite("Private files")
struct PrivateFileTests {
  /// A directory that is removed afterwards.
  private func inDirectory(_ body: (String) throws -> Void) throws {
    let path = temporaryDirectory + "/headgate-" + Hex.encode(SecureRandom.bytes(count: 8))
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  private var temporaryDirectory: String { ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp" }

  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return attributes[.posixPermissions] as? Int ?? -1
  }

  @Test("A new file has mode 0600 and is read back")
  func create() throws {
    try inDirectory { directory in
      try PrivateFile.create(at: "\(directory)/key", contents: "secret")
      #expect(try mode("\(directory)/key") == 0o600)
      #expect(try PrivateFile.read("\(directory)/key").revealed() == Array("secret".utf8))
    }
  }

  @Test("An existing file or link is not overwritten")
  func exists() throws {
    try inDirectory { directory in
      try PrivateFile.create(at: "\(directory)/key", contents: "first")
      #expect(throws: PrivateFileError.exists(path: "\(directory)/key")) {
        try PrivateFile.create(at: "\(directory)/key", contents: "second")
      }
      try FileManager.default.createSymbolicLink(atPath: "\(directory)/link", withDestinationPath: "\(directory)/target")
      #expect(throws: PrivateFileError.exists(path: "\(directory)/link")) {
        try PrivateFile.create(at: "\(directory)/link", contents: "x")
      }
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/target"))
      #expect(try PrivateFile.read("\(directory)/key").revealed() == Array("first".utf8))
    }
  }

  @Test("Replacing changes the whole file and leaves nothing behind")
  func replace() throws {
    try inDirectory { directory in
      try PrivateFile.create(at: "\(directory)/key", contents: "first")
      try PrivateFile.replace(at: "\(directory)/key", contents: "second")
      #expect(try PrivateFile.read("\(directory)/key").revealed() == Array("second".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["key"])
      #expect(try mode("\(directory)/key") == 0o600)
    }
  }

  @Test("Modes that let others in are refused", arguments: [0o604, 0o640, 0o644, 0o660, 0o666, 0o601, 0o610, 0o602, 0o620])
  func tooOpen(_ mode: Int) throws {
    try inDirectory { directory in
      let path = "\(directory)/key"
      try PrivateFile.create(at: path, contents: "secret")
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
      let error = #expect(throws: PrivateFileError.self) { try PrivateFile.read(path) }
      #expect(error == .tooOpen(path: path, mode: UInt32(mode)))
      #expect(error?.description.contains("chmod 600") == true && error?.description.contains("secret") == false)
    }
  }

  @Test("Directories, absent and too large files are refused")
  func others() throws {
    try inDirectory { directory in
      #expect(throws: PrivateFileError.notRegular(path: directory)) { try PrivateFile.read(directory) }
      #expect(throws: PrivateFileError.absent(path: "\(directory)/none")) { try PrivateFile.read("\(directory)/none") }
      let size = PrivateFile.maximumSize + 1
      try PrivateFile.create(at: "\(directory)/large", contents: [UInt8](repeating: 0, count: size))
      #expect(throws: PrivateFileError.tooLarge(path: "\(directory)/large", size: size)) {
        try PrivateFile.read("\(directory)/large")
      }
      #expect(throws: PrivateFileError.self) { try PrivateFile.create(at: "\(directory)/none/key", contents: "x") }
    }
  }
}
