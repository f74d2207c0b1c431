import { describe, expect, it } from "vitest";
import { compileDetector } from "../compile.ts";
import { foundBy } from "../testing.ts";

const detector = compileDetector({ family: "secret" });
const found = foundBy(detector);

/** Joined here so that no scanner mistakes this file for a leak. */
const join = (...parts: string[]): string => parts.join("");
const mixed = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0";
const hex32 = "9f8a7c6b5d4e3f2a1b0c9d8e7f6a5b4c";

describe("tokens that a provider marks", () => {
  it.each([
    ["AWS_ACCESS_KEY", join("AKIA", "IOSFODNN7EXAMPLQ")],
    ["GITHUB_TOKEN", join("ghp_", mixed.slice(0, 36))],
    ["GITLAB_TOKEN", join("glpat-", mixed.slice(0, 20))],
    ["SLACK_TOKEN", join("xoxb-", "123456789012-", mixed.slice(0, 24))],
    ["STRIPE_KEY", join("sk_live_", mixed.slice(0, 24))],
    ["OPENAI_API_KEY", join("sk-proj-", mixed)],
    ["ANTHROPIC_API_KEY", join("sk-ant-", "api03-", mixed)],
    ["GOOGLE_API_KEY", join("AIza", mixed.slice(0, 35))],
    ["NPM_TOKEN", join("npm_", mixed.slice(0, 36))],
    ["PYPI_TOKEN", join("pypi-AgE", mixed, mixed)],
    ["HUGGINGFACE_TOKEN", join("hf_", mixed.slice(0, 34))],
    ["SENDGRID_API_KEY", join("SG.", mixed.slice(0, 22), ".", mixed, "abc")],
    ["DIGITALOCEAN_TOKEN", join("dop_v1_", hex32, hex32)],
    [
      "JWT",
      join(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        ".eyJzdWIiOiIxMjM0NTY3ODkwIn0",
        ".dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
      ),
    ],
  ])("%s", (type, value) => {
    expect(found(`use ${value} now`)).toEqual([`${type} ${value}`]);
    expect(found(JSON.stringify({ note: `line\n${value}` }))).toEqual([`${type} ${value}`]);
  });

  it("takes a whole private key block, and one that was cut off", () => {
    const block = join("-----BEGIN RSA ", "PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----");
    expect(found(`${block} after`)).toEqual([`PRIVATE_KEY ${block}`]);
    expect(found(block.slice(0, 40))).toEqual([`PRIVATE_KEY ${block.slice(0, 40)}`]);
  });
});

describe("values that a name gives away", () => {
  it.each([
    ["export DB_PASSWORD='hunter2!x'", "PASSWORD hunter2!x"],
    ["password: S3cret!pass and", "PASSWORD S3cret!pass"],
    [String.raw`{"body":"{\"passwd\":\"tr0ub4dor\"}"}`, "PASSWORD tr0ub4dor"],
    [`api_key=${hex32}&x=1`, `API_KEY ${hex32}`],
    [`"clientSecret": "${hex32}"`, `API_KEY ${hex32}`],
    [`aws_secret_access_key = ${mixed}`, `AWS_SECRET_KEY ${mixed}`],
    ["postgres://app:p4ss@db:5432/x", "CONNECTION_STRING p4ss"],
    [`Authorization: Bearer ${hex32}`, `AUTHORIZATION_HEADER ${hex32}`],
    ["authorization: Basic dXNlcjpwYXNzd29yZDE=", "AUTHORIZATION_HEADER dXNlcjpwYXNzd29yZDE="],
  ])("%s", (text, expected) => {
    expect(found(text)).toEqual([expected]);
  });

  it("reads the key of an object", () => {
    const { findings } = detector.findAll({ db: { password: "correct horse" }, accessToken: hex32, user: "bob" });
    expect(findings.map(({ type, path }) => [type, path])).toEqual([
      ["PASSWORD", ["db", "password"]],
      ["API_KEY", ["accessToken"]],
    ]);
    expect(detector.any("hunter2", "password")).toBe(true);
  });
});

describe("what is no secret", () => {
  it.each([
    "password: ${DB_PASSWORD}",
    "password=<your password>",
    "password: ********",
    "token=process.env.TOKEN",
    "the password is wrong, reset your password here",
    "max_tokens=4096 next_page_token=abc",
    "password_reset_url=https://x.com/reset/9f8a7c6b5d4e",
    "primary key: user_id, foreign key: order_id",
    "https://user@host/x http://host:8080/y",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6bac388f-c163-4681-84f5-285ee9cb10d3",
    "ghp_short task-runner sk-learn npm_config_registry",
    "user.password = hash_password(pw2)",
    "password=self.password, password=password",
    "secret: projects/123456/secrets/db-main",
    "password = input('Your password: ')",
    "monkey=abc123abc123abc123abc123",
    "basic understanding of bearer bonds",
  ])("%s", (text) => {
    expect(found(text)).toEqual([]);
  });

  it("leaves published examples alone only when asked to", () => {
    const example = join("AKIA", "IOSFODNN7EXAMPLE");
    expect(found(example)).toHaveLength(1);
    expect(foundBy(compileDetector({ family: "secret", allowTestValues: true }))(example)).toEqual([]);
  });
});
