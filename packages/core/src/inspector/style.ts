/** The style sheet of the inspector, in light and in dark. */
export const style = `
  :root{color-scheme:light dark;--ground:#fbfaf8;--sheet:#fff;--ink:#23211f;--quiet:#655f59;--line:#dcd7d0;--accent:#9a3412;--good:#166534;--moved:#1d4ed8;--bad:#854d0e;--failed:#b91c1c;--bar:#c2703d;--soft:#f3efe9}
  @media(prefers-color-scheme:dark){:root{--ground:#191817;--sheet:#232120;--ink:#ece8e3;--quiet:#aaa39b;--line:#4a4541;--accent:#fdba74;--good:#86efac;--moved:#93c5fd;--bad:#fde047;--failed:#fca5a5;--bar:#d98a4e;--soft:#2c2927}}
  *{box-sizing:border-box}
  body{margin:0;height:100vh;display:flex;flex-direction:column;background:var(--ground);color:var(--ink);font:.9375rem/1.45 system-ui,sans-serif}
  code,pre,.path,.number{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.875rem}
  header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.25rem 1rem;padding:.75rem 1rem;border-bottom:1px solid var(--line)}
  h1{font-size:1.125rem;margin:0}h2{font-size:1rem;margin:1.5rem 0 .5rem}
  #state,.quiet{color:var(--quiet);margin:0}nav{margin-left:auto;display:flex;gap:.25rem}
  button,input{font:inherit;color:inherit;background:var(--sheet);border:1px solid var(--line);border-radius:.375rem;padding:.25rem .625rem;min-height:2rem}
  button{cursor:pointer}button[aria-pressed=true]{border-color:var(--accent);color:var(--accent)}
  :focus-visible{outline:3px solid var(--accent);outline-offset:-1px}
  main{flex:1;min-height:0;display:grid;grid-template-columns:minmax(18rem,26rem) 1fr}main[hidden]{display:none}
  #rules:not([hidden]){display:block;overflow:auto;padding:1rem}
  .list{display:flex;flex-direction:column;min-height:0;border-right:1px solid var(--line)}
  .tools{display:flex;gap:.5rem;padding:.5rem;border-bottom:1px solid var(--line)}.tools label{flex:1;display:flex;gap:.375rem;align-items:center;color:var(--quiet)}.tools input{flex:1;min-width:4rem;width:100%}
  ol{list-style:none;margin:0;padding:0;overflow:auto}#empty{padding:1rem;color:var(--quiet)}
  ol button{display:grid;grid-template-columns:2.75rem 3.5rem 1fr auto;gap:.25rem .5rem;width:100%;text-align:left;border:0;border-bottom:1px solid var(--line);border-radius:0;background:none;padding:.375rem .625rem}
  ol button[aria-current=true]{background:var(--soft);box-shadow:inset 3px 0 var(--accent)}
  .path{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.number{color:var(--quiet);text-align:right}
  .s2{color:var(--good)}.s3{color:var(--moved)}.s4{color:var(--bad)}.s5{color:var(--failed)}.status{font-weight:600}
  article{overflow:auto;padding:1rem 1.25rem 3rem;min-width:0}article:focus{outline:none}
  article h2:first-child,.title{margin:0 0 .5rem;font-size:1.125rem;overflow-wrap:anywhere}
  dl{display:grid;grid-template-columns:max-content 1fr;gap:.125rem 1rem;margin:0}dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
  .scroll{overflow:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line)}th{color:var(--quiet);font-weight:400}
  td pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}pre{margin:.25rem 0;overflow:auto}
  .fall{display:grid;grid-template-columns:minmax(9rem,16rem) 1fr 5rem;gap:.25rem .75rem;align-items:center}
  .lane{position:relative;height:1rem;background:var(--soft);border-radius:.25rem}.bar{position:absolute;top:.1875rem;height:.625rem;min-width:3px;border-radius:.1875rem;background:var(--bar)}.bar.failed{background:var(--failed)}
  .fall .what{overflow-wrap:anywhere}.fall .details{grid-column:1/-1;margin:0 0 .375rem;color:var(--quiet);padding-left:.75rem;border-left:2px solid var(--line)}
  .error{background:var(--soft);border-left:3px solid var(--failed);padding:.75rem;white-space:pre-wrap;overflow-wrap:anywhere}
  .source{background:var(--sheet);border:1px solid var(--line);border-radius:.375rem;padding:.5rem}.source mark{display:block;background:#fde68a;color:#111}@media(prefers-color-scheme:dark){.source mark{background:#5b4a10;color:#fff}}
  ins{text-decoration:none;color:var(--good)}del{color:var(--failed)}
  @media(max-width:48rem){body{height:auto}main{display:block}.list{border-right:0}ol{max-height:40vh}article{border-top:1px solid var(--line)}.fall{grid-template-columns:1fr 5rem}.fall .lane{grid-column:1/-1;grid-row:auto}}
`;
