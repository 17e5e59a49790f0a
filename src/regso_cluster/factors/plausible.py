"""Prototype."""
from __future__ import annotations
import numpy as np, pandas as pd
from scipy import stats
from regso_cluster.factors.expected import *
from regso_cluster.method import UNIT_FACTOR, UNIT_RANGE
P=dict(NU=6.0,EPS=0.01,W=0.4,NBX=4.0)
SENTINELS=np.array([9.,99,999,9999,99999,999999,9999999,99999999,999999999,-1,-9,-99,-999,-9999,88,888,8888,77,777])
KINDS=('x10','d10','x100','d100','digit','sentinel','neighbour','generic')
PRIOR=np.log(np.array([.15,.15,.1,.1,.15,.1,.15,.1]))

def decimals(x):
    out=np.full(x.shape,6)
    for c in range(5,-1,-1):
        r=np.round(x,c); ok=np.abs(x-r)<=1e-9*np.maximum(1,np.abs(x)); out[ok]=c
    return out
class Col:
    def __init__(s,x,m,e,kind,other=None,factor=1.,share=None):
        s.x,s.m,s.e,s.kind,s.other,s.factor=x,m,e,kind,other,factor
        seen=np.isfinite(x)
        if kind=='value':
            c=np.bincount(decimals(x[seen]),minlength=7)
            s.q=np.log((c+.5)/(c.sum()+3.5)); s.h=-np.log(10)*np.arange(7)
        u,inv,cnt=np.unique(x[seen],return_inverse=True,return_counts=True)
        s.common=np.full(x.shape,-np.inf)
        s.common[seen]=np.log(np.maximum(cnt[inv]-2,1e-12)/seen.sum())
    def y(s,x):
        with np.errstate(divide='ignore',invalid='ignore'):
            if s.kind=='value':
                if s.m.kind=='plain': return x,np.zeros_like(x)
                a=x+s.m.offset
                if s.m.kind=='log': return np.log(a),-np.log(np.abs(a))
                b=s.m.top-x+s.m.offset
                return np.log(a/b),np.log(1/np.abs(a)+1/np.abs(b))
            if s.kind=='numerator':
                d=s.other
                if s.m.kind=='logit': return np.log((x+.5)/(d-x+.5)),np.log(1/np.abs(x+.5)+1/np.abs(d-x+.5))
                return np.log(s.factor*(x+.5)/d),-np.log(np.abs(x+.5))
            return np.log(x)-(np.log(s.other) if s.other is not None else 0),-np.log(np.abs(x))
    def logp(s,x):
        """log probability of the number x in this cell when clean"""
        with np.errstate(all='ignore'):
            if s.kind=='numerator' and s.m.events is not None:
                mu,sh=s.e.mu,s.e.shape
                size=1/sh; a=stats.nbinom.logpmf(x,size,size/(size+mu))
                sh2=sh*P['NBX']; mu2=mu*3+.3; size=1/sh2; b=stats.nbinom.logpmf(x,size,size/(size+mu2))
                out=np.logaddexp(np.log(1-P['EPS']*2)+a,np.log(P['EPS']*2)+b)
                return np.where((x>=0)&(x%1==0),out,-np.inf)
            y,j=s.y(x); dev=y-s.e.centre
            z=dev/np.where(dev>0,s.e.up,s.e.down)
            core=stats.t.logpdf(z,P['NU'])-np.log((s.e.up+s.e.down)/2)
            w=np.maximum(P['W'],2*s.e.spread) if s.m.kind!='plain' else 4*s.e.spread
            wide=-np.abs(dev)/w-np.log(2*w)
            wide=stats.norm.logpdf(dev/w)-np.log(w)
            out=np.logaddexp(np.log(1-P['EPS'])+core,np.log(P['EPS'])+wide)+j
            if s.kind=='value':
                c=decimals(np.where(np.isfinite(x),x,0.)); out=out+s.q[c]+s.h[c]
            else: out=np.where(x%1==0,out,-np.inf)
            return np.where(np.isfinite(y),out,-np.inf)
    def score(s,neigh,kommun=False):
        """(n,) best log-likelihood ratio and (n,) kind"""
        x=s.x; clean=np.maximum(s.logp(x),-600)
        whole=s.kind!='value'
        H=np.full((len(KINDS),len(x)),-np.inf)
        with np.errstate(all='ignore'):
          for k,f in (('x10',10.),('x100',100.)):
            alt=x/f
            H[KINDS.index(k)]=np.where(x!=0,s.logp(np.round(alt,9)),-np.inf)
          for k,f in (('d10',10.),('d100',100.)):
            alt=x*f
            if whole: p=s.logp(np.floor(alt))+np.log(f)   # any of f numbers rounds to x
            else: p=s.logp(np.round(alt,9))
            H[KINDS.index(k)]=np.where((x!=0)|whole,p,-np.inf)
          if whole:  # the sum over where a digit of the original was lost
            tot=np.full(len(x),-np.inf)
            size=np.floor(np.log10(np.maximum(x,1)))+1
            for pos in range(0,8):
                base=10.**pos
                hi,lo=np.floor(x/base),x%base
                for dg in range(10):
                    alt=(hi*10+dg)*base+lo
                    ok=(pos<=size)&~((pos==size)&(dg==0))
                    tot=np.logaddexp(tot,np.where(ok,s.logp(alt),-np.inf))
            H[4]=tot-np.log(np.maximum(size+1,1))
          else: H[4]=H[1]
          sent=np.isin(x,SENTINELS)
          H[5]=np.where(sent,-np.log(len(SENTINELS)),-np.inf)
          if not kommun: H[6]=np.where(neigh,np.log(.5),-np.inf)
          y,j=s.y(x)
          res=(s.q[decimals(np.where(np.isfinite(x),x,0.))]+s.h[decimals(np.where(np.isfinite(x),x,0.))]) if s.kind=='value' else 0
          H[7]=j+res-np.log(14.) if s.m.kind!='plain' else j+res-np.log(40*np.nanmedian(s.e.spread))
          clean2=np.where(neigh|sent,np.maximum(clean,s.common),clean)
          H-=clean
          H[5]=np.where(sent,H[5]+clean-clean2,-np.inf); H[6]=np.where(neigh,H[6]+clean-clean2,-np.inf)
          H+=PRIOR[:,None]
        H=np.where(np.isfinite(x)[None],H,-np.inf); H=np.where(np.isnan(H),-np.inf,H)
        best=H.argmax(0)
        return np.logaddexp.reduce(H,axis=0),best,clean

def columns_of(table,method):
    pop=table.areas['population'].to_numpy(float); haspop=np.isfinite(pop).any()
    ms={};spec={}
    for f in method.factors:
        if f.value:
            x=table.value[f.key].to_numpy(float); ms['rate',f.key]=measure_value(x,UNIT_RANGE[f.unit][1]); spec['rate',f.key]=('value',x,None,1.)
        else:
            n=table.numerator[f.key].to_numpy(float);d=table.denominator[f.key].to_numpy(float);u=UNIT_FACTOR[f.unit]
            ms['rate',f.key]=measure_rate(n,d,u,bounded=f.unit!='per 1000'); spec['rate',f.key]=('numerator',n,d,u)
    done=set()
    for f in method.factors:
        d=table.denominator[f.key].to_numpy(float)
        if not np.isfinite(d).any() or d.tobytes() in done: continue
        done.add(d.tobytes())
        if haspop and (d==pop).mean()>.9: 
            if (d==pop).all(): continue
        with np.errstate(divide='ignore',invalid='ignore'): y=np.log(d)-(np.log(pop) if haspop else 0)
        ms['den',f.key]=Measure(np.where(np.isfinite(y),y,np.nan),'log'); spec['den',f.key]=('den',d,pop if haspop else None,1.)
    if haspop:
        with np.errstate(divide='ignore',invalid='ignore'): y=np.log(pop)
        ms['pop','']=Measure(np.where(np.isfinite(y),y,np.nan),'log'); spec['pop','']=('den',pop,None,1.)
    return ms,spec
def score(table,method):
    ms,spec=columns_of(table,method); keys=list(ms)
    S=np.column_stack([np.clip(standardise(m.y),-CLAMP,CLAMP) for m in ms.values()])
    kom=np.array([c[:4] for c in table.areas.index])
    out={}
    seenrow=np.flatnonzero(table.value.notna().any(axis=1).to_numpy())
    for j,k in enumerate(keys):
        rates=[i for i in range(len(keys)) if i!=j and keys[i][0]=='rate']
        others=[i for i in range(len(keys)) if i!=j]
        s=pd.Series(np.where(np.isfinite(ms[k].y),S[:,j],np.nan)); g=s.groupby(kom)
        km=((g.transform('sum')-s.fillna(0))/(g.transform('count')-s.notna()+1)).fillna(0).to_numpy()
        X=np.column_stack([S[:,others],S[:,rates]**2-1,km])
        kind,x,other,u=spec[k]
        e=expect(ms[k],X,u)
        if not np.isfinite(e.z).any(): continue
        neigh=np.zeros(len(x),bool); xs=x[seenrow]; eq=(xs[1:]==xs[:-1]); neigh[seenrow[1:]]|=eq; neigh[seenrow[:-1]]|=eq
        c=Col(x,ms[k],e,kind,other,u); llr,best,clean=c.score(neigh)
        out[k]=(llr,best,clean,neigh,e,ms[k])
    # a whole row like its neighbour's
    n=len(table.areas); row=np.zeros(n)
    tot=np.zeros(n-1); alleq=np.ones(n-1,bool)
    inf=np.zeros((len(out),n))
    idx=seenrow
    a,b=idx[:-1],idx[1:]
    gain=np.zeros(len(a)); 
    for k,(llr,best,clean,neigh,e,m) in out.items():
        x=spec[k][1]; eq=x[a]==x[b]
        seen=np.isfinite(x); u,inv,cnt=np.unique(x[seen],return_inverse=True,return_counts=True)
        share=np.zeros(n); share[seen]=np.log(np.maximum(cnt[inv]-1,.5)/seen.sum())
        lp=np.maximum(np.maximum(clean[a],clean[b]),share[a])
        # at random a pair of unequal cells lowers the odds that the row was copied
        gain+=np.where(eq,-lp,np.where(np.isnan(x[a])&np.isnan(x[b]),0,-6.0))
    row[a]=np.maximum(row[a],gain-2.3); row[b]=np.maximum(row[b],gain-2.3)
    return out,row
