import { describe, expect, it } from "vitest";
import { finder } from "./testing.ts";

const found = finder();

describe("e-mail addresses", () => {
  it.each([
    ["write to jane.doe+x@mail.example.co.uk.", "jane.doe+x@mail.example.co.uk"],
    ["?email=jane%40corp.com&x=1", "jane%40corp.com"],
    ["x|y|a@b.co", "a@b.co"],
    ["o'neil@corp.com", "o'neil@corp.com"],
    ["jörg.müller@example.de", "jörg.müller@example.de"],
    ["a@xn--d1acufc.xn--p1ai", "a@xn--d1acufc.xn--p1ai"],
    ["Jane <JANE@CORP.COM>", "JANE@CORP.COM"],
    [String.raw`{"text":"line\njane@corp.com\t"}`, "jane@corp.com"],
    ["https://crm.corp.com/users/jane@corp.com", "jane@corp.com"],
    ["jane@corp.com:hunter2", "jane@corp.com"],
  ])("%s", (text, address) => {
    expect(found(text)).toEqual([`EMAIL_ADDRESS ${address}`]);
  });

  it.each([
    "git clone git@github.com:acme/repo.git",
    "ssh://deploy@host.corp.com/srv",
    "scp file deploy@web1.corp.com:/srv",
    "postgres://app:pw@db.corp.com:5432/x",
    "npm i lodash@4.17.21 react@beta.js",
    "abc@._V1_SX300.jpg",
    "^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Z]{2,}$",
    "user@host user@presidio. @app.route a@b",
    "getty@tty1.service root@node.local",
  ])("leaves %s alone", (text) => {
    expect(found(text)).toEqual([]);
  });

  it("leaves reserved domains alone only when asked to", () => {
    expect(finder({ allowTestValues: true })("jane@example.com, bob@corp.com")).toEqual(["EMAIL_ADDRESS bob@corp.com"]);
  });
});

describe("network addresses", () => {
  it.each([
    ["from 203.0.113.9 at", "IP_ADDRESS 203.0.113.9"],
    ["X-Forwarded-For: 81.2.69.142, 10.0.0.1", "IP_ADDRESS 81.2.69.142", "IP_ADDRESS 10.0.0.1"],
    ["2400:c401::5054:ff:fe1b:b031 ok", "IP_ADDRESS 2400:c401::5054:ff:fe1b:b031"],
    ["[2001:db8::1]:8080", "IP_ADDRESS 2001:db8::1"],
    ["::ffff:192.0.2.1", "IP_ADDRESS ::ffff:192.0.2.1"],
    ["src=:: dst=::1", "IP_ADDRESS ::", "IP_ADDRESS ::1"],
    ["00:1A:2B:3C:4D:5E", "MAC_ADDRESS 00:1A:2B:3C:4D:5E"],
    ["AA-BB-CC-DD-EE-FF", "MAC_ADDRESS AA-BB-CC-DD-EE-FF"],
    ["aabb.ccdd.eeff", "MAC_ADDRESS aabb.ccdd.eeff"],
  ])("%s", (text, ...expected) => {
    expect(found(text)).toEqual(expected);
  });

  it.each([
    "256.1.1.1 1.2.3 1.2.3.4.5 10.0.11113.0172",
    "Chrome/120.0.0.0 pkg==1.2.3.4",
    "version 1.2.3.4",
    "v1.2.3.4 text192.168.1.1 IP192.168.1.1text",
    "std::cout a::b::c foo :: Int x[::2] x[1::3] '1'::text",
    "12:34:56 1:2:3:4 12345:db8::1 2001::db8::1",
    "http://127.0.0.1:8080/ and 0.0.0.0:80",
    '{"host":"0.0.0.0"}',
    "ff:ff:ff:ff:ff:ff 00:00:00:00:00:00 00:1A:2B:3C:4D",
    "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
    "10-20-30-40-50-60",
  ])("leaves %s alone", (text) => {
    expect(found(text)).toEqual([]);
  });

  it("can be limited to addresses that are routed on the internet", () => {
    const outside = finder({ publicAddressesOnly: true });
    expect(
      outside("10.1.2.3 192.168.1.1 172.20.0.1 169.254.1.1 100.64.0.1 203.0.113.9 fe80::1 2001:db8::1 8.8.8.8"),
    ).toEqual(["IP_ADDRESS 8.8.8.8"]);
    expect(outside("2400:c401::5054:ff:fe1b:b031")).toHaveLength(1);
  });
});

describe("bank and wallet addresses, links", () => {
  it.each([
    ["DE89 3704 0044 0532 0130 00 now", "IBAN_CODE DE89 3704 0044 0532 0130 00"],
    ["iban='NL91ABNA0417164300'", "IBAN_CODE NL91ABNA0417164300"],
    ["gb29nwbk60161331926819", "IBAN_CODE gb29nwbk60161331926819"],
    ["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "CRYPTO 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"],
    ["bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "CRYPTO bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"],
    ["0x52908400098527886E0F7030069857D2E4169EE7", "CRYPTO 0x52908400098527886E0F7030069857D2E4169EE7"],
    ["My website is http://talk.example.de/", "URL http://talk.example.de/"],
  ])("%s", (text, expected) => {
    expect(found(text)).toEqual([expected]);
  });

  it.each([
    "DE89370400440532013001",
    "XX89370400440532013000",
    "LV80 bANK 0000 4351 9500 1",
    "DE89370400440532013000X",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
    "8f953371d3e85eddb89b05ed6b9e680791055315c73e1025ab5dba7bb2aee189",
    "curl https://api.example.com/sms",
  ])("leaves %s alone", (text) => {
    expect(found(text)).toEqual([]);
  });

  it("reports every link when asked for at a low score", () => {
    expect(finder({ entities: ["URL"], minScore: 0.4 })("curl https://api.example.com/sms -v")).toEqual([
      "URL https://api.example.com/sms",
    ]);
  });
});
