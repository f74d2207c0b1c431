import { describe, expect, it } from "vitest";
import { finder } from "./testing.ts";

const found = finder();

describe("telephone numbers that are known by their shape", () => {
  it.each([
    "+14155552671",
    "+1 415 555 2671",
    "+44 7400 126048",
    "+44 (0)20 7123 4567",
    "+49 (0)30 123456-78",
    "+55 11 98456 5666",
    "+33 6 12 34 56 78",
    "(415) 555-0132",
    "415-555-0132",
    "415.555.0132",
    "1-800-555-0199",
    "001-432-815-4117",
    "730.347.5681x8340",
    "(415) 555-0132 ext. 12",
    "06 12137563",
    "070-145 75 38",
    "0412 962 369",
    "01512 3096002",
    "090-1265-2348",
    "(11) 96103-3322",
    "02.27.96.63.08",
    "030/1234567",
  ])("%s", (number) => {
    expect(found(`about ${number} again`)).toEqual([`PHONE_NUMBER ${number}`]);
  });
});

describe("digits that a word makes a telephone number", () => {
  it.each([
    ["phone: 4155552671", "4155552671"],
    ["you can call 33 93 31", "33 93 31"],
    ["They are not answering at 785 8949", "785 8949"],
    ["9885 1152 office", "9885 1152"],
    ["2546712361 fax", "2546712361"],
    ["<mobile>07400126048</mobile>", "07400126048"],
    ["电话：13812345678", "13812345678"],
    ["mein Handy 0151 2345678", "0151 2345678"],
    ["jane@corp.com, 4155552671", "4155552671"],
    ["(7029939573, maria@uni.de)", "7029939573"],
    ["-d 'to=4155552671'", "4155552671"],
  ])("%s", (text, number) => {
    expect(found(text)).toContain(`PHONE_NUMBER ${number}`);
  });
});

describe("digits that are something else", () => {
  it.each([
    "4155552671",
    "id IN (1779713273, 6610872038)",
    "order 415-555-2671",
    '{"order_id":"4155552671","phone":null}',
    '{"phone":null,"order_id":"4155552671"}',
    "phone_id=4155552671",
    "sku 415-555-2671",
    "call a taxi to 14 3684 Court Street",
    "1 2 3 4 5 6 7 8 9 10 11 12 phone",
    "0101 0101 0101",
    "10:30-11:15 and 14:00-15:30",
    "339x135x87 at 413.119 MHz",
    "978-3-3938-0316-6",
    "2024-01-15 10:30:00 +0000",
    "$4,549,048 and 1,234,567.89",
    "version 10.0.11113.0172",
    "1700000000.123456",
    "a4155552671 and 4155552671b and x_4155552671",
    "2021-06-05T22:30:24+02:00",
  ])("%s", (text) => {
    expect(found(text)).toEqual([]);
  });
});
