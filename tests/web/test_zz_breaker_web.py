import html, io, json, random, zipfile, time
from urllib.parse import urlsplit, quote
import pytest
from concurrent.futures import ThreadPoolExecutor
from tests.web.designing import *
from tests.web.test_console_wallet import desk
from tests.web.phones import held, pass_json
S=['','0','-0','+0','-0.0, -0.0','1e308','1e-300, 1','NaN','inf, inf','٣','५२.५, १३','１２','52.5,13.3','90,180','-90,-180','90.000000000000000000000000000001,180','91,0','0,180.0000000001','52,5;13,3','52°30′N','0.000000000000000000000000000001, -0.000000000000000000000000000001','999','1'*400,'x'*20000,'\0','a\0b','\ud7ff','\ufffe','\u202e','%s %(given)s {0}','<b>"\'&','💩'*60,'\u200b','1,2,3','1 2','  ','\n\n','-1','65535','65536','1.5','1_000','0x10','+5','007','2026-03-29T02:30','2026-10-25T02:30','2026-03-29T03:15','1971-01-01T00:00','1970-12-31T23:59','8999-12-31T23:59','9000-01-01T00:00','0001-01-01T00:00','9999-12-31T23:59','2026-12-24','2026-W52-4T18','2026-12-24T18:00+05:00','2026-12-24T18:00Z','2026-12-24T18:00:00.123456','20261224T1800','2026-12-24T24:00','2026-02-30T00:00','２026-12-24T18:00','f8f589e9-c07e-58b0-aeab-a36be4d48fac','{f8f589e9-c07e-58b0-aeab-a36be4d48fac}','urn:uuid:f8f589e9c07e58b0aeaba36be4d48fac','0xf589e9c07e58b0aeaba36be4d48fac','+8f589e9c07e58b0aeaba36be4d48fac','f_f589e9c07e58b0aeaba36be4d48fac','00000000-0000-0000-0000-000000000000','https://apps.apple.com/de/app/x/id123?l=de','123,456','1,'*11,'0','00','999999999999999','1000000000000000','id5','shop://card','javascript:alert(1)','http://[::1','a:b','://','a'*600+':x','tel:+49','a = b','=','a=','=b','a=b\na=c','\n'.join(f'k{i} = v' for i in range(20)),'\n'.join(f'k{i} = v' for i in range(21)),'a = '+'x'*499,'k\u2028=v','Left','left','Natural','on','1','true']
NAMES=['shareable','phone_formats','radius','align','apps','app_url','app_data','place_0_at','place_0_text','place_1_at','place_9_at','place_10_at','place_999_at','place_00_at','place_0_nonsense','beacon_0_uuid','beacon_0_major','beacon_0_minor','beacon_0_text','beacon_10_uuid','window_0_start','window_0_end','window_1_start','window_99_end']
def test_each(desk):
    bad=[]; n=0; took=0; worst=0; pub=0
    phone=desk.phone()
    r=random.Random(5)
    def check(f):
        nonlocal n,took,worst
        t=time.time(); 
        a=desk.post(DESIGN, **f); n+=1; worst=max(worst,time.time()-t)
        if a.status_code>=500 or a.status_code not in (303,422,400,409,200): bad.append((f,a.status_code))
        took += a.status_code==303
        return a
    t0=time.time()
    for name in NAMES:
        for s in S:
            check({name:s})
            if time.time()-t0>70: break
    print('single',n,took,bad[:5])
    g=desk.get(); assert g.status_code==200
    t0=time.time(); 
    while time.time()-t0<60:
        base={'place_0_at':'52.5, 13.3'} if r.random()<.7 else {}
        f=base|{r.choice(NAMES):r.choice(S) for _ in range(r.randint(1,6))}
        a=check(f)
        if a.status_code==303:
            if desk.get().status_code!=200: bad.append(('page',f))
            if r.random()<.3 and desk.drafted():
                p=desk.post(f'{DESIGN}/publish'); pub+=1
                if p.status_code!=303: bad.append(('publish',f,p.status_code,p.text[:300]))
                d=phone.download()
                if d.status_code!=200: bad.append(('download',f,d.status_code))
    print('all',n,'saved',took,'published',pub,'worst',worst,'bad',bad[:10])
    assert not bad
def test_zones(desk):
    from sqlalchemy import text
    bad=[]
    from issuer.schema import Merchant
    phone=desk.phone()
    for zone in ('Africa/Monrovia','Asia/Kathmandu','Pacific/Apia','Pacific/Kiritimati','Australia/Lord_Howe','Africa/El_Aaiun','America/St_Johns','Europe/Dublin','Antarctica/Troll','UTC'):
        with transaction(desk.engine, desk.cafe.merchant_id) as s: s.get_one(Merchant, desk.cafe.merchant_id).zone=zone
        for w in ('1971-06-01T00:00','2011-12-30T12:00','2026-04-05T01:45','2026-03-29T02:30','2026-10-04T02:15','8999-12-31T23:59','2026-12-24T18:00+05:00','2026-12-24T18:00:30.5'):
            a=desk.post(DESIGN, **{'place_0_at':'1, 1','window_0_start':w,'window_0_end':''})
            g=desk.get()
            st=[a.status_code,g.status_code]
            if a.status_code==303 and g.status_code==200:
                p=desk.post(f'{DESIGN}/publish'); d=phone.download(); st+=[p.status_code,d.status_code]
            if max(st)>=500: bad.append((zone,w,st)); break
    print('zones',bad); assert not bad
def test_many(desk):
    out=[]
    for k in (10,11,100,900,2000):
        a=desk.post(DESIGN, **{f'place_{i}_at':f'{i%80}, {i%80}' for i in range(k)}); out.append((k,a.status_code))
        a=desk.post(DESIGN, **{f'beacon_{i}_uuid':'f8f589e9-c07e-58b0-aeab-a36be4d48fac' for i in range(k)}); out.append((k,a.status_code))
        a=desk.post(DESIGN, **({'place_0_at':'1,1'}|{f'window_{i}_start':'2026-12-24T18:00' for i in range(k)})); out.append((k,a.status_code))
    a=desk.post(DESIGN, app_data='a=b\n'*200000); out.append(('data',a.status_code))
    a=desk.post(DESIGN, place_0_text='x'*3000000, place_0_at='1,1'); out.append(('3MB',a.status_code))
    a=desk.post(DESIGN, apps='https://apps.apple.com/'+'id1?'*50000+' '); out.append(('apps',a.status_code))
    print(out); assert all(s<500 for _,s in out)
