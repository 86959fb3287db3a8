from tests.web.test_google_callbacks import *
from tests.web.test_google_callbacks import settings, root_keys, fresh_log, held
import random, gzip
def test_bodies(app, client, held, engine):
    bad=[]; n=0
    good=json.dumps(held.tells()).encode()
    bodies=[b'',b'{}',b'[]',b'null',b'1',b'"x"',b'\xff',b'\0',b'{'*30000,b'['*60000,b'{"a":'*10000,b'9'*6000,b'1e999',b'NaN',b'x'*70000,b'x'*65536,b'x'*65537,good,good[:-1],gzip.compress(good),good+b' ',b'\xef\xbb\xbf'+good,good.decode().encode('utf-16'), b'a=b&c=d', b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--', b'\ud800'.replace(b'\\',b'\\')]
    d=json.loads(good)
    for k in list(d)+['extra']:
        for v in (None,0,-1,True,1.5,'','\ud800','\0','x'*3000,[],{},[[]],{'a':1},['x']*9,10**4000):
            try: bodies.append(json.dumps(d|{k:v}).encode())
            except ValueError: pass
    for k in ('signedKey','signatures'):
        for v in (None,0,'','\ud800',[],['a']*8,['=']*8,[1],{},['x'*200],'{}','[]','{"keyValue":1,"keyExpiration":"1"}'):
            bodies.append(json.dumps(d|{'intermediateSigningKey':d['intermediateSigningKey']|{k:v}}).encode())
    types=['application/json','text/plain','','multipart/form-data','multipart/form-data; boundary=x','application/x-www-form-urlencoded','application/json; charset=utf-16','application/json; charset=nonsense','\xff','*/*','a'*5000]
    for b in bodies:
        for t in types:
            for kw in ({},{'headers':{'Transfer-Encoding':'chunked'}},{'headers':{'Content-Encoding':'gzip'}},):
                if t not in types[:2] and kw: continue
                h=dict(kw.get('headers',{})); 
                if t: h['Content-Type']=t
                extra={}
                if 'Transfer-Encoding' in h:
                    a=client.post(PATH, input_stream=BytesIO(b), headers=h, environ_overrides={'wsgi.input_terminated':True})
                else: a=client.post(PATH,data=b,headers=h)
                n+=1
                if a.status_code>=500: bad.append((b[:80],t,kw,a.status_code))
    paths=[PATH.replace('3','%33'),PATH+'/',PATH+'%00',PATH+'%0a',PATH+'%2F','/google/callback/','/google/callback','/google/callback/%ff','/google/callback/'+'1'*5000,'/google/callback/%F0%9F%92%A9','/google//callback/'+ISSUER,'/google/callback/..%2f'+ISSUER,PATH+'?a=b',PATH+'?'+'%ff='*100,'/google/callback/٣', PATH+'#x']
    seen={}
    for p in paths+[PATH]:
        for m in ('POST','GET','HEAD','OPTIONS','PUT','DELETE','PATCH','TRACE','CONNECT','BREW',''):
            if not m: continue
            a=client.open(p,method=m,data=good); n+=1; seen[(p[:40],m)]=a.status_code
            if a.status_code>=500: bad.append((p,m,a.status_code))
    for cl in ('-1','abc','99999999999999999999','0','65537','٣'):
        a=client.post(PATH,data=good,environ_overrides={'CONTENT_LENGTH':cl}); n+=1
        if a.status_code>=500: bad.append(('cl',cl,a.status_code))
    for xf in ('1.2.3.4','\0','x'*5000,'::1, ::2'):
        try: a=client.post(PATH,data=b'x',headers={'X-Forwarded-For':xf,'Host':xf[:200] or 'a'})
        except ValueError: continue
        n+=1
        if a.status_code>=500: bad.append(('xf',xf[:20],a.status_code))
    # signed oddities
    odd=[dict(classId=f'{ISSUER}.',objectId=f'{ISSUER}.'),dict(classId=f'{ISSUER}.x',objectId=f'{ISSUER}.'+'x'*230),dict(nonce='x'*255),dict(nonce='x'*256),dict(nonce='\0'),dict(nonce='é'),dict(expTimeMillis=253402300799999),dict(expTimeMillis=253402300800000),dict(expTimeMillis=10**30),dict(expTimeMillis=-1),dict(expTimeMillis=1.5),dict(expTimeMillis='1'),dict(expTimeMillis=True),dict(count=10**4000),dict(count=-1),dict(count=None),dict(eventType='SAVE'),dict(eventType=[]),dict(eventType={}),dict(objectId=None),dict(objectId=f'{ISSUER}.a.b'),dict(objectId=f"{ISSUER}.'; drop"),dict(objectId=f'{ISSUER}.%s'),dict(extra={'a':[1]*100})]
    res=[]
    for o in odd:
        for e in ('save','del'):
            try: b=held.tells(e,**o)
            except Exception as x: res.append((o.keys(),repr(x)[:50])); continue
            a=sent(client,b); n+=1; res.append((str(o)[:40],a.status_code))
            if a.status_code>=500: bad.append(('signed',o,a.status_code))
    r=random.Random(7); t=__import__('time').time()
    while __import__('time').time()-t<20:
        b=bytearray(json.dumps(held.tells(r.choice(('save','del')))).encode()) if r.random()<.3 else bytearray(good)
        for _ in range(r.randint(1,4)):
            i=r.randrange(len(b)); k=r.random()
            if k<.6: b[i]=r.randrange(256)
            elif k<.8: del b[i]
            else: b.insert(i,r.randrange(256))
        a=client.post(PATH,data=bytes(b),headers={'Content-Type':'application/json'}); n+=1
        if a.status_code>=500: bad.append(('fuzz',bytes(b),a.status_code))
    print(n,'bad',bad[:10]); print(res); print({k:v for k,v in seen.items() if v not in (404,405)})
    assert not bad
def test_parallel(app, held, engine):
    body=json.dumps(held.tells('save',nonce='same'+str(uuid4()))).encode(); many=[json.dumps(held.tells('del')).encode() for _ in range(40)]+[body]*60
    random.Random(1).shuffle(many)
    with ThreadPoolExecutor(16) as pool: codes=list(pool.map(lambda b: app.test_client().post(PATH,data=b,headers={'Content-Type':'application/json'}).status_code, many))
    assert set(codes)=={200}, codes
    ev=held.known().events; print(ev.count(ADDED),ev.count(REMOVED)); assert (ev.count(ADDED),ev.count(REMOVED))==(1,40)
def test_card(client, card, held, app):
    p=urlsplit(card['links']['google']).path; bad=[]; out=set(); n=0
    for q in ['','?tried=0','?tried=-5','?tried=13','?tried=٣','?tried='+'9'*5000,'?tried=1e5','?tried=%00','?tried=NaN','?form','?form=1&form=2','?tried=1&tried=2','?%ff=%ff','?lang=xx','?form=1&tried=99999']:
        for m in ('GET','HEAD','OPTIONS','POST','PUT','DELETE','TRACE'):
            for al in ('de','xx','*;q=abc','\xff','a'*5000):
                a=client.open(p+q,method=m,headers={'Accept-Language':al}); n+=1; out.add((m,a.status_code))
                if a.status_code>=500 and a.status_code!=503: bad.append((q,m,al,a.status_code))
    key=p.split('/')[2]
    for k in ('','x','%00','%ff','a'*5000,key+'%00',key+'x',key.upper(),key.lower(),'٣','..%2f..',key[:-1],'-'+key,key+'='):
        for m in ('GET','HEAD','OPTIONS','PUT'):
            a=client.open(f'/card/{k}/google',method=m); n+=1; out.add((m,a.status_code))
            if a.status_code>=500: bad.append((k,m,a.status_code))
    with ThreadPoolExecutor(12) as pool: cs=list(pool.map(lambda _: app.test_client().get(p).status_code, range(60)))
    print(n,sorted(out),bad,set(cs)); assert not bad
