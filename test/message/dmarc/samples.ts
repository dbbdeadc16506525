/** The parts of a report, to be replaced one by one. */
export const metadata = `<report_metadata><org_name>acme.com</org_name><email>noreply-dmarc-support@acme.com</email>
  <extra_contact_info>http://acme.com/dmarc/support</extra_contact_info><report_id>9391651994964116463</report_id>
  <date_range><begin>1335571200</begin><end>1335657599</end></date_range></report_metadata>`;
export const policy =
  '<policy_published><domain>Example.com.</domain><adkim>s</adkim><p>reject</p><pct>50</pct></policy_published>';
export const record = `<record><row><source_ip>72.150.241.94</source_ip><count>2</count><policy_evaluated>
  <disposition>none</disposition><dkim>fail</dkim><spf>pass</spf></policy_evaluated></row>
  <identifiers><header_from>example.com</header_from></identifiers>
  <auth_results><dkim><domain>example.com</domain><result>fail</result><human_result></human_result></dkim>
  <spf><domain>example.com</domain><result>pass</result></spf></auth_results></record>`;

/** The report of those parts. */
export const report = (
  parts: { readonly metadata?: string; readonly policy?: string; readonly records?: string } = {},
): string =>
  `<?xml version="1.0" encoding="UTF-8"?><feedback>${parts.metadata ?? metadata}${parts.policy ?? policy}${parts.records ?? record}</feedback>`;
