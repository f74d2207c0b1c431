import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileDetector } from "./compile.ts";

const pii = compileDetector({ family: "pii" });

/** What agents send that holds nothing personal. Each is scanned as source text and as parsed arguments. */
const digits = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
const hex = (length: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));

function template(build: (parts: string[]) => object, ...parts: fc.Arbitrary<string>[]): fc.Arbitrary<object> {
  return fc.tuple(...parts).map((values) => build(values));
}

const clean: readonly (readonly [string, fc.Arbitrary<object>])[] = [
  [
    "timestamps",
    template(
      ([a, b]) => ({ start: Number(`17${a}`), ms: Number(`17${b}`), thread_ts: `17${a}.123456` }),
      digits(8),
      digits(11),
    ),
  ],
  ["commits", template(([a, b]) => ({ command: `git cherry-pick ${a} ${b} && git push` }), hex(40), hex(7))],
  [
    "images",
    template(([a, b]) => ({ image: `registry.local:5000/app:1.25.3-${a}`, digest: `sha256:${b}` }), hex(8), hex(64)),
  ],
  [
    "cloud ids",
    template(
      ([a, b, c]) => ({ instance: `i-0${a}`, account: b, arn: `arn:aws:iam::${b}:role/${c}` }),
      hex(16),
      digits(12),
      hex(6),
    ),
  ],
  ["pods", template(([a, b, c]) => ({ pod: `api-${a}-${b}`, resourceVersion: c }), hex(10), hex(5), digits(9))],
  [
    "order ids",
    template(([a, b]) => ({ query: `SELECT * FROM orders WHERE id IN (${a}, ${b}) LIMIT 10` }), digits(10), digits(9)),
  ],
  ["numeric ids", template(([a, b]) => ({ tabId: Number(a), windowId: Number(`1${b}`) }), digits(9), digits(9))],
  ["long ids", template(([a, b]) => ({ trace_id: a, cursor: b, log: `id=${a} seq=${b}` }), digits(16), digits(19))],
  ["parcels", template(([a, b]) => ({ tracking: `1Z999AA1${a}`, parcel: b }), digits(10), digits(12))],
  [
    "goods",
    template(
      ([a, b, c]) => ({ sku: `${a}-${b}-${c}`, isbn: `978${a}${c}${a}`, part: `${a}-${a}-${c}` }),
      digits(3),
      digits(2),
      digits(4),
    ),
  ],
  [
    "measures",
    template(
      ([a, b]) => ({ lat: `42.${a}`, lon: `-115.${a}`, bbox: `12.${a},56.${a}`, rss: Number(b) }),
      digits(7),
      digits(9),
    ),
  ],
  [
    "stamps",
    template(
      ([a]) => ({
        file: `IMG_20240115_${a}.jpg`,
        backup: `db-202401151230.tar.gz`,
        serial: `20240115${a?.slice(0, 2)}`,
      }),
      digits(6),
    ),
  ],
  [
    "sentences",
    template(
      ([a, b]) => ({ text: `processed ${a} rows in 33 ms, room 12.04, 10:30-11:15, $4,549,048 (ref ${b})` }),
      digits(10),
      digits(7),
    ),
  ],
  ["marketplace orders", template(([a, b]) => ({ order: `${a}-${b}-${b}` }), digits(3), digits(7))],
  [
    "blobs",
    template(([a, b]) => ({ blob: Buffer.from(a ?? "", "hex").toString("base64"), etag: b }), hex(120), hex(32)),
  ],
];

describe("arguments without anything personal", () => {
  it.each(clean)("%s", (_, documents) => {
    fc.assert(
      fc.property(documents, (value) => {
        expect(pii.findAll(JSON.stringify(value)).findings).toEqual([]);
        expect(pii.findAll(value).findings).toEqual([]);
      }),
      // Fixed: a pinned corpus, not a search. Some random digits are a valid number of somebody.
      { numRuns: 150, seed: 20_260_901 },
    );
  });

  it.each([
    '{"command":"docker run -p 127.0.0.1:8080:80 nginx","host":"0.0.0.0"}',
    '{"code":"import numpy as np\\nopen(\\"main.py\\"); x.name = y.id; a[1::3]; std::vector<int> v; foo :: Int"}',
    '{"sql":"SELECT \'2024-01-01\'::date, x::text"}',
    '{"agent":"Mozilla/5.0 (X11) Chrome/120.0.0.0 Safari/537.36"}',
    '{"regex":"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\\\.[A-Z]{2,}$"}',
    '{"fingerprint":"16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"}',
    '{"cron":"0 0 12 * * 5","at":"20240115T103000Z/20240115T113000Z"}',
    '{"phone_verified":true,"phone_count":4155552,"telemetry":415555267,"cell":"A1:B20"}',
    '{"url":"https://youtu.be/dQw4w9WgXcQ?t=1234567890"}',
    '{"member":"deployer@project.iam.gserviceaccount.com"}',
    '{"oid":"1.3.6.1.4.1.311","version":"1.2.3.4","kernel":"6.8.0.45"}',
  ])("%s", (json) => {
    expect(pii.findAll(json).findings).toEqual([]);
    expect(pii.findAll(JSON.parse(json) as unknown).findings).toEqual([]);
  });
});

describe("arguments with something personal", () => {
  it.each<[string, ...string[]]>([
    ['{"to":["jane.doe@corp.com","bob@x.io"],"subject":"Hi"}', "EMAIL_ADDRESS", "EMAIL_ADDRESS"],
    [
      '{"url":"https://crm.corp.com/users?email=jane%40corp.com&phone=%2B14155552671"}',
      "EMAIL_ADDRESS",
      "PHONE_NUMBER",
    ],
    ['{"customer":{"phone_number":"4155552671","ssn":"536321234"}}', "PHONE_NUMBER", "US_SSN"],
    ['{"phone":4155552671}', "PHONE_NUMBER"],
    ['{"body":"{\\"ssn\\":\\"423-41-1164\\",\\"phone\\":\\"+1 415 555 2671\\"}"}', "US_SSN", "PHONE_NUMBER"],
    ['{"csv":"name,email,phone\\nBob,bob@x.com,415-555-2671"}', "EMAIL_ADDRESS", "PHONE_NUMBER"],
    ['{"row":["377 47 2978 "],"other":"x"}', "US_SSN"],
    ["{\"sql\":\"UPDATE users SET phone='(212) 555-0187', ssn='536-32-1234' WHERE id=77\"}", "PHONE_NUMBER", "US_SSN"],
    ['{"log":"Failed password for root from 81.2.69.142 port 22 ssh2"}', "IP_ADDRESS"],
    ['{"arp":"? (192.168.1.5) at a4:83:e7:12:34:56 on en0"}', "IP_ADDRESS", "MAC_ADDRESS"],
    ['{"card":{"number":"5105105105105100","exp":"12/27"}}', "CREDIT_CARD"],
    ['{"payment":{"card_number":4111111111111111}}', "CREDIT_CARD"],
    ['{"beneficiary":{"iban":"NL91ABNA0417164300"}}', "IBAN_CODE"],
    ['{"message":"Ruf mich an: 030 1234567, oder schreib an jörg@example.de"}', "PHONE_NUMBER", "EMAIL_ADDRESS"],
    ['{"message":"appelez-moi au 06 12 34 56 78"}', "PHONE_NUMBER"],
    ['{"to":"+14155552671","from":"+12125550187","body":"hi"}', "PHONE_NUMBER", "PHONE_NUMBER"],
    ['{"xml":"<phone>4155552671</phone>"}', "PHONE_NUMBER"],
    ['{"cpf":"529.982.247-25"}', "BR_CPF"],
    ['{"wallet":"0x52908400098527886E0F7030069857D2E4169EE7"}', "CRYPTO"],
  ])("%s", (json, ...types) => {
    const found = (value: unknown): string[] => pii.findAll(value).findings.map(({ type }) => type);
    expect(found(json)).toEqual(types);
    expect(found(JSON.parse(json))).toEqual(types);
  });
});
